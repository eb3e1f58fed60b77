# frozen_string_literal: true

module PacelineWorker
  # Runs parts of test-unit's tree of suites with test-unit's own methods.
  class TestUnitRunner
    # Stands for a test in a suite: asks whether it is to run, and tells how it ended.
    class Leaf
      def initialize(test, index, runner)
        @test = test
        @index = index
        @runner = runner
        @passed = true
      end

      # The name of the argument tells test-unit 3.7 what to give; before it was the result. Tests
      # are kept as they were collected: they can be run again, and what one leaves in its instance
      # variables is not kept for all of the run.
      TestUnitParts.pretend_inside(self, <<~RUBY)
        def run(worker_context, &block)
          return unless @runner.begin?(@index)

          test = @test.dup
          internal = test.instance_variable_get(:@internal_data)
          test.instance_variable_set(:@internal_data, internal.dup) if internal
          test.run(worker_context, &block)
          @passed = test.passed?
          @runner.finished(@index)
        end
      RUBY

      def name
        @test.name
      end

      def size
        1
      end

      def passed?
        @passed
      end
    end

    NO_EVENTS = proc {}
    private_constant :NO_EVENTS

    def initialize(number)
      @number = number
      @clock = TestUnitParts::CLOCK
      @faults = TestUnitFaults.new
      @running = nil
      @outside = 0
    end

    def run(unit, todo, worker)
      @worker = worker
      @unit = unit
      @outside = 0
      @result = ::Test::Unit::TestResult.new
      @result.add_listener(::Test::Unit::TestResult::FAULT) { |fault| take(fault) }
      suite = build(unit, todo)
      # What `startup` takes is no test's own; the first is what it was done for.
      @before = @clock.now
      catch do |tag|
        @result.stop_tag = tag
        suite.run(*context, &NO_EVENTS)
      end
    end

    def begin?(index)
      return false unless @worker.begin?(index)

      @running = []
      @assertions = @result.assertion_count
      @outside += 1
      @clock.start
      @class_setup = @before ? @clock.now - @before : 0
      @before = nil
      true
    end

    def finished(index)
      durations = @clock.durations
      durations[0] += @class_setup
      faults = @running
      @running = nil
      @worker.finished(index, @faults.result(faults, @result.assertion_count - @assertions, durations))
    end

    private

    def take(fault)
      return @running << [fault, @clock.phase] if @running

      # An error of `startup` or `shutdown`: test-unit counts it beside the tests.
      name = @outside.zero? ? "startup" : "shutdown"
      location = Report.first_location(fault.location)
      @worker.went_wrong("#{name}(#{fault.test_name})", fault.message.to_s, @faults.text(fault), location)
    end

    # The unit's suite with only the tests that are to run.
    def build(unit, todo)
      @indexes = {}.compare_by_identity
      unit.tests.each_with_index { |test, index| @indexes[test.handle] = index }
      whole = unit.handle
      if TestUnitUnits.class_fixture?(whole.test_case)
        prune(whole, todo)
      else
        suite = ::Test::Unit::TestSuite.new(whole.name, whole.test_case)
        todo.each_key { |index| suite << Leaf.new(unit.tests[index].handle, index, self) }
        suite
      end
    end

    def prune(suite, todo)
      copy = ::Test::Unit::TestSuite.new(suite.name, suite.test_case)
      suite.tests.each do |test|
        if test.is_a?(::Test::Unit::TestSuite)
          part = prune(test, todo)
          copy << part unless part.empty?
        else
          index = @indexes[test]
          copy << Leaf.new(test, index, self) if todo.key?(index)
        end
      end
      copy
    end

    # What `TestSuite#run` wants: the result, from 3.6 a context of the run too, from 3.7.4 all in one.
    def context
      parameters = ::Test::Unit::TestSuite.instance_method(:run).parameters
      if parameters.first == %i[req worker_context]
        run_context = ::Test::Unit::TestRunContext.new(::Test::Unit::TestSuiteRunner)
        [::Test::Unit::WorkerContext.new(@number + 1, run_context, @result)]
      else
        [@result]
      end
    end
  end
end
