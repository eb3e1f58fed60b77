# frozen_string_literal: true

module PacelineWorker
  # What Rails does in its own worker processes where a suite says `parallelize`: the same is done in
  # paceline's, instead.
  class RailsParallel
    # Where Rails has its workers' numbers and hooks; nil where the suite does not ask for processes.
    def self.of(executor)
      return nil unless defined?(::ActiveSupport::Testing::Parallelization)

      parallelization = ::ActiveSupport::Testing::Parallelization
      if executor.is_a?(parallelization)
        # Rails 6 starts the server of its queue when it is created. Its workers stop their copy too.
        ::DRb.stop_service
      else
        # From 7 it is started when tests run.
        later = defined?(::ActiveSupport::Testing::ParallelizeExecutor)
        return nil unless later && executor.is_a?(::ActiveSupport::Testing::ParallelizeExecutor)
        return nil if executor.respond_to?(:parallelize_with) && executor.parallelize_with != :processes
      end
      new(parallelization)
    end

    def initialize(parallelization)
      @parallelization = parallelization
    end

    # In the process that forks, before the first one (`parallelize_before_fork`, from Rails 8.1).
    def before_fork
      @parallelization.before_fork_hooks.each(&:call) if @parallelization.respond_to?(:before_fork_hooks)
    end

    # `parallelize_setup`. Rails counts its workers from 0.
    def setup(number)
      @parallelization.after_fork_hooks.each { |hook| hook.call(number) }
    end

    # `parallelize_teardown`.
    def teardown(number)
      @parallelization.run_cleanup_hooks.each { |hook| hook.call(number) }
    end
  end
end
