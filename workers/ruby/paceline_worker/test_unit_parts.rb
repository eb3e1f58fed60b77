# frozen_string_literal: true

require "test/unit/collector/load"

module PacelineWorker
  # What is added to test-unit's classes.
  module TestUnitParts
    class << self
      attr_accessor :on_load_error

      # Whether any test has an attribute that is a setting.
      def attributes_seen?
        @attributes_seen
      end

      def attribute_seen
        @attributes_seen = true
      end

      # Defines methods as if they were in test-unit's own file, so that its filter takes them out
      # of backtraces.
      def pretend_inside(target, code)
        file, line = ::Test::Unit::TestCase.instance_method(:run).source_location
        target.module_eval(code, file, line)
      end
    end

    # A file that cannot be loaded is an error of its own, and no reason to run nothing. What
    # test-unit makes of a LoadError is left to it.
    LOADING = Module.new
    pretend_inside(LOADING, <<~RUBY)
      private

      def collect_file(path, test_suites, already_gathered)
        super
      rescue NoMemoryError, SignalException
        raise
      rescue Exception => error
        PacelineWorker::TestUnitParts.on_load_error.call(path.expand_path.to_s, error)
        # The classes that it had defined by then would be taken for the next file's.
        find_test_cases(already_gathered)
      end
    RUBY
    ::Test::Unit::Collector::Load.prepend(LOADING)

    %i[parallel paceline].each do |name|
      ::Test::Unit::TestCase.register_attribute_observer(name) { |*| TestUnitParts.attribute_seen }
    end

    # Tells the phases of a test.
    class Clock
      attr_reader :phase

      def now
        Monotonic.now
      end

      def start
        @phase = :setup
        @started = @called = @torn_down = Monotonic.now
      end

      def call
        @phase = :call
        @called = @torn_down = Monotonic.now
      end

      def tear_down
        @torn_down = Monotonic.now
        @called = @torn_down if @phase == :setup
        @phase = :teardown
      end

      def durations
        [@called - @started, @torn_down - @called, Monotonic.now - @torn_down]
      end
    end
    CLOCK = Clock.new

    PHASES = Module.new
    pretend_inside(PHASES, <<~RUBY)
      private

      def run_test(*)
        PacelineWorker::TestUnitParts::CLOCK.call
        super
      end

      def run_teardown(*)
        PacelineWorker::TestUnitParts::CLOCK.tear_down
        super
      end
    RUBY
    ::Test::Unit::TestCase.prepend(PHASES)
  end
end

require_relative "test_unit_units"
require_relative "test_unit_faults"
require_relative "test_unit_runner"
