# frozen_string_literal: true

module PacelineWorker
  # Drives minitest, 5 and 6.
  class MinitestDriver
    PATTERNS = %w[test_*.rb *_test.rb spec_*.rb *_spec.rb].freeze
    # Fit the patterns, and are loaded by the test files.
    HELPERS = %w[test_helper.rb spec_helper.rb].freeze
    # Options of minitest that have a value.
    VALUED = %w[-s --seed -n --name -i --include -e -x --exclude -S --skip].freeze
    private_constant :PATTERNS, :HELPERS, :VALUED

    attr_reader :units

    def load_framework
      require "minitest"
      # `minitest/autorun` would run everything at the end of each process.
      ::Minitest.class_variable_set(:@@installed_at_exit, true)
      require "minitest/test"
      require_relative "minitest_units"
      require_relative "minitest_runner"
      # What tests see of it is what `minitest/autorun` loads.
      require "minitest/spec"
      # From 6 it is a gem of its own; `require` would find that of an older minitest.
      require "minitest/mock" if before_6?
      require "minitest/hell" if ENV["MT_HELL"]
    end

    def version
      ::Minitest::VERSION
    end

    def config_file
      nil
    end

    def maxfail
      0
    end

    def configure(options)
      @options = options
      @settings = Settings.new(options.overrides)
      @args = options.args.dup
      @args.unshift("--seed", options.worker_input["seed"].to_s) if options.worker_input["seed"]
      Arguments.extend_load_path(Arguments.take(@args, "-I"))
      Arguments.take(@args, "-r", "--require").each { |library| require library }
    end

    # minitest loads plugins and reads its arguments when it runs, after the files are loaded: what
    # those register is known by then.
    def load_files(&on_error)
      paths = Arguments.take_paths(@args, VALUED)
      paths = [%w[test spec].find { |directory| File.directory?(directory) } || "."] if paths.empty?
      files = Arguments.files(paths, PATTERNS)
      files.reject! { |file| HELPERS.include?(File.basename(file)) && !paths.include?(file) }
      files.each { |file| load_file(file, &on_error) }
      replace_executor
      boot
      @units = MinitestUnits.new(@options.split, @settings, @run_options, on_error).all
    end

    def worker_input
      { seed: @seed }
    end

    def summary
      "Run options: #{@run_options[:args]}"
    end

    def before_tests
      @rails&.before_fork
    end

    # The blocks of `Minitest.after_run`, in the process whose tests, or whose workers' tests, have
    # run. A forked worker runs those that its own tests have registered.
    def after_tests(wanted: true)
      blocks = after_run.drop(@inherited || 0)
      after_run.clear
      blocks.reverse_each(&:call) if wanted
    end

    # Whether the suite itself is made to be forked when it is loaded, whatever threads it has.
    def suite_forks?
      !@rails.nil?
    end

    def forked
      @inherited = after_run.size
    end

    def prepare_worker(number)
      @runner = MinitestRunner.new
      @rails&.setup(number)
    end

    def leave_worker(number)
      @rails&.teardown(number)
    end

    def run(unit, todo, worker)
      @runner.run(unit, todo, worker)
    end

    private

    def load_file(file)
      require File.expand_path(file)
    rescue NoMemoryError, SignalException
      raise
    rescue Exception => e # SyntaxError, LoadError, SystemExit
      yield({ id: Arguments.relative(file), message: "#{e.class}: #{e.message}",
              text: Report.load_text(e), location: Report.location_of(e) }.compact)
    end

    def replace_executor
      executor = ::Minitest.parallel_executor
      ::Minitest.parallel_executor = MinitestRunner::Inline.new(executor)
      return unless defined?(::ActiveSupport)

      require_relative "rails_parallel"
      @rails = RailsParallel.of(executor)
    end

    def after_run
      ::Minitest.class_variable_get(:@@after_run)
    end

    # As `Minitest.run`, but that the reporters are paceline's.
    def boot
      load_plugins
      @run_options = ::Minitest.process_args(@args.dup)
      @seed = @run_options[:seed]
      # Before 5.15 it is only given to `srand`.
      ::Minitest.seed = @seed if ::Minitest.respond_to?(:seed=)
      srand(@seed)
      @run_options[:io] = File.open(File::NULL, "w")
      reporter = ::Minitest::CompositeReporter.new
      reporter << ::Minitest::SummaryReporter.new(@run_options[:io], @run_options)
      reporter << ::Minitest::ProgressReporter.new(@run_options[:io], @run_options)
      ::Minitest.reporter = reporter
      ::Minitest.init_plugins(@run_options)
      ::Minitest.reporter = nil
    end

    def load_plugins
      return if @args.delete("--no-plugins") || ENV["MT_NO_PLUGINS"]

      # From 6 a suite loads those that it wants.
      ::Minitest.load_plugins if before_6?
    end

    def before_6?
      Integer(::Minitest::VERSION[/\A\d+/]) < 6
    end
  end
end
