# frozen_string_literal: true

module PacelineWorker
  # What `welcome` says.
  class Options
    attr_reader :args, :workers, :isolation, :split, :overrides, :worker_input

    def initialize(welcome)
      @args = Array(welcome["args"]).map(&:to_s)
      @workers = welcome["workers"] || 1
      @isolation = welcome["isolation"] || "worker"
      @split = welcome["split"] || "fixture"
      @overrides = welcome["overrides"] || []
      @interactive = welcome["interactive"] || false
      @worker_input = welcome["worker_input"] || {}
    end

    def interactive?
      @interactive
    end
  end
end
