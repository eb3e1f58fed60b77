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
      @only, @deselect, @ignore = %w[only deselect ignore].map { |key| Array(welcome[key]).map(&:to_s) }
      @keyword = welcome["keyword"]
    end

    # What the command line has chosen, besides the framework's own options.
    def selection
      @selection ||= Selection.new(@only, @deselect, @ignore, @keyword)
    end

    def interactive?
      @interactive
    end
  end
end
