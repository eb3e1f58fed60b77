# frozen_string_literal: true

module PacelineWorker
  # The time that passes, in seconds; kept from before tests that freeze it.
  module Monotonic
    NOW = Process.method(:clock_gettime)
    CLOCK = Process::CLOCK_MONOTONIC
    private_constant :NOW, :CLOCK

    def self.now
      NOW.call(CLOCK)
    end
  end
end
