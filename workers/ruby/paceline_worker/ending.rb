# frozen_string_literal: true

module PacelineWorker
  # How a process ends. A block for `at_exit` that was there before a fork is its parent's to run;
  # those that were registered since are the process's own. Ruby runs the last first, so a block
  # that is registered right after the fork stands between the two.
  module Ending
    # In place of a run by `minitest/autorun`.
    module Silence
      def run(*)
        true
      end
    end

    class << self
      # The block runs with the exit status, after those that are registered later: registered before
      # anything of the suite is loaded, after all others.
      def after_later_ones(&block)
        pid = Process.pid
        at_exit { block.call(status_of($!)) if Process.pid == pid }
      end

      # In a forked worker: the block runs before the parent's, which do not run.
      def here(&block)
        pid = Process.pid
        at_exit do
          if Process.pid == pid
            status = status_of($!)
            block.call(status)
            leave($!, status)
          end
        end
      end

      # In a child that runs tests for a worker: does it, and ends the process.
      def of_child
        here { |_status| nil }
        yield
        exit(0)
      end

      # Keeps frameworks, of which the suite may have loaded both, from running what they find at the
      # end of the process.
      def silence_autorun
        ::Test::Unit::AutoRunner.need_auto_run = false if defined?(::Test::Unit::AutoRunner)
        ::Minitest.singleton_class.prepend(Silence) if defined?(::Minitest) && ::Minitest.respond_to?(:run)
      end

      private

      # `exit!` runs no finalizers, as some of them are the parent's. Those of Tempfile tell processes
      # apart; so does the name that it gives to its files.
      def remove_temporary_files
        return unless defined?(::Tempfile)

        ours = "-#{Process.pid}-"
        ObjectSpace.each_object(::Tempfile) do |file|
          begin
            file.unlink if File.basename(file.path.to_s).include?(ours)
          rescue StandardError
            next
          end
        end
      end

      def status_of(error)
        case error
        when nil then 0
        when SystemExit then error.status
        else 1
        end
      end

      def leave(error, status)
        remove_temporary_files
        case error
        when nil, SystemExit then nil
        when SignalException
          trap(error.signo, "DEFAULT")
          Process.kill(error.signo, Process.pid)
          sleep(1)
        else
          Streams.complain(error.full_message(highlight: false))
        end
        Streams.flush
        exit!(status)
      end
    end
  end
end
