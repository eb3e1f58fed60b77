# frozen_string_literal: true

module PacelineWorker
  # Drives test-unit, from 3.3.
  class TestUnitDriver
    attr_reader :units, :maxfail

    def load_framework
      require "test/unit"
      require "test/unit/version"
      # What is run and when is not for at_exit to decide.
      ::Test::Unit::AutoRunner.need_auto_run = false
      require_relative "test_unit_parts"
    end

    def version
      ::Test::Unit::VERSION
    end

    def config_file
      file = File.expand_path("test-unit.yml")
      File.exist?(file) ? file : nil
    end

    def configure(options)
      @options = options
      @settings = Settings.new(options.overrides)
      @seed = options.worker_input["seed"]
      args = options.args.dup
      seeds = Arguments.take(args, "--seed")
      @seed ||= seeds.empty? ? Random.new_seed & 0xffff_ffff : Integer(seeds.last)
      requires = Arguments.take(args, "--require")
      @auto_runner = ::Test::Unit::AutoRunner.new(true)
      @auto_runner.prepare
      @auto_runner.process_args(args)
      @maxfail = stop_on_failure? ? 1 : 0
      requires.each { |library| require library }
      find_paths
    end

    def load_files(&on_error)
      collector = @auto_runner.instance_variable_get(:@collector)
      TestUnitParts.on_load_error = lambda { |path, error| on_error.call(load_problem(path, error)) }
      # For `--order random` and priorities: the same in each process.
      srand(@seed)
      suite = collector[@auto_runner]
      @units = suite ? TestUnitUnits.new(@options.split, @settings, on_error).of(suite) : []
    ensure
      ::Test::Unit::AutoRunner.need_auto_run = false
    end

    def worker_input
      { seed: @seed }
    end

    # The suite's own hooks: once in the process whose tests, or whose workers' tests, they are about.
    def before_tests
      require "test/unit/ui/testrunnermediator"
      ::Test::Unit.run_at_start_hooks
    end

    def after_tests(wanted: true)
      ::Test::Unit.run_at_exit_hooks if wanted && !@forked
    end

    def suite_forks?
      false
    end

    # After a fork: what was registered before is the host's.
    def forked
      @forked = true
    end

    def summary
      nil
    end

    def prepare_worker(number)
      @runner = TestUnitRunner.new(number)
    end

    def leave_worker(_number); end

    def run(unit, todo, worker)
      @runner.run(unit, todo, worker)
    end

    private

    def stop_on_failure?
      @auto_runner.respond_to?(:stop_on_failure?) && @auto_runner.stop_on_failure?
    end

    def find_paths
      paths = @auto_runner.to_run
      if paths.empty? && @auto_runner.default_test_paths.empty?
        paths << (File.directory?("test") ? "test" : ".")
      end
      paths.replace(paths.flat_map { |path| File.exist?(path) ? [path] : Arguments.files([path], []) })
      # Such files start test-unit by themselves, and fit the pattern of test files.
      @auto_runner.exclude << /\Arun[-_]test\.rb\z/ if @auto_runner.exclude
    end

    def load_problem(path, error)
      { id: Arguments.relative(path), message: "#{error.class}: #{error.message}",
        text: Report.load_text(error), location: Report.location_of(error) }.compact
    end
  end
end
