# frozen_string_literal: true

module PacelineWorker
  # Runs tests of minitest's classes with minitest's own methods.
  class MinitestRunner
    # In place of minitest's pool of threads: a test of a class that says `parallelize_me!` is run
    # where it is, for it is processes that run at once here.
    class Inline
      attr_reader :size

      def initialize(original)
        @size = original.respond_to?(:size) ? original.size : 1
      end

      def start; end

      def shutdown; end

      def <<(work)
        klass, method, reporter = work
        reporter.prerecord(klass, method)
        reporter.record(one(klass, method))
      end

      private

      def one(klass, method)
        return ::Minitest.run_one_method(klass, method) if ::Minitest.respond_to?(:run_one_method)

        klass.new(method).run
      end
    end

    # What minitest tells its reporters.
    class Reporter < ::Minitest::AbstractReporter
      def initialize(runner)
        super()
        @runner = runner
      end

      def prerecord(_klass, name)
        @runner.prerecord(name)
      end

      def record(result)
        @runner.record(result)
      end

      # For handlers of signals that print what there is so far.
      def reporters
        [self]
      end
    end

    def initialize
      @reporter = Reporter.new(self)
      @running = nil
    end

    def run(unit, todo, worker)
      @worker = worker
      @todo = todo
      @unit = unit
      klass = unit.handle
      @before = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      # As `runnable_methods` does right before a class is run.
      srand(::Minitest.seed) if ::Minitest.respond_to?(:seed)
      MinitestUnits.class_fixture?(klass) ? run_class(klass) : run_methods(klass)
    end

    # Before a test; where a class runs its tests by itself, it is here that it can be stopped.
    def prerecord(name)
      return if @running

      index = @indexes && @indexes[name]
      throw(:paceline_stop) unless index && begin?(index)
    end

    def record(result)
      return aside(result) if @running.nil?

      index = @running
      @running = nil
      @worker.finished(index, report(result))
    end

    private

    def begin?(index)
      return false unless @worker.begin?(index)

      # What the class sets up is no test's own; the first is what it was done for.
      @class_setup = @before ? Process.clock_gettime(Process::CLOCK_MONOTONIC) - @before : 0
      @before = nil
      @running = index
      true
    end

    def run_methods(klass)
      @indexes = nil
      todo = @todo.keys
      # The class method that runs one test; a suite may have its own.
      six = ::Minitest::Runnable.respond_to?(:run_suite)
      todo.each do |index|
        next unless begin?(index)

        name = @unit.tests[index].handle
        six ? klass.run(klass, name, @reporter) : klass.run_one_method(klass, name, @reporter)
      end
    end

    # The class's own way: once, or again for what is left when it was stopped in between for tests
    # that were taken back.
    def run_class(klass)
      @indexes = @unit.tests.each_index.map { |index| [@unit.tests[index].handle, index] }.to_h
      left = nil
      until @todo.empty? || @todo.size == left
        left = @todo.size
        wanted = ->(method) { @indexes.key?(method) && @todo.key?(@indexes[method]) }
        options = { filter: wanted, include: wanted }
        catch(:paceline_stop) { klass.public_send(MinitestUnits::RUN, @reporter, options) }
      end
    rescue StandardError, ::Minitest::Assertion => e
      @running = nil
      @worker.went_wrong("#{klass}.#{MinitestUnits::RUN}", "#{e.class}: #{e.message}",
                         e.full_message(highlight: false, order: :top), Report.location_of(e))
    end

    # A result of what is no test, such as a hook around all tests.
    def aside(result)
      return if result.passed? || result.skipped?

      problem = problem(result, result.failures.first)
      id = "#{result.class_name}##{result.name}"
      @worker.went_wrong(id, problem[:message], problem[:text], problem[:location])
    end

    def report(result)
      durations = [@class_setup || 0, result.time || 0, 0]
      failures = result.failures
      return Result.new("passed", nil, result.assertions, durations) if failures.empty?

      problems = failures.map { |failure| problem(result, failure) }
      Result.new(outcome(failures.first), nil, result.assertions, durations, problems)
    end

    def outcome(failure)
      case failure
      when ::Minitest::Skip then "skipped"
      when ::Minitest::UnexpectedError then "errored"
      else "failed"
      end
    end

    def problem(result, failure)
      outcome = outcome(failure)
      message = Connection.cut(Report.without_us(failure.message.to_s))
      # As `Result#to_s`, which has all failures.
      text = "#{failure.result_label}:\n#{result.location}:\n#{failure.message}\n"
      { phase: "call", outcome: outcome, message: message, text: Connection.cut(Report.without_us(text)),
        reason: outcome == "skipped" ? message : nil, location: Report.location(failure.location) }.compact
    end
  end
end
