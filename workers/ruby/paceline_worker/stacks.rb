# frozen_string_literal: true

module PacelineWorker
  # Lets the engine see the stacks of a worker that hangs: on a signal, those of all threads are
  # appended to a file. Ruby runs the handler when it next looks for interrupts: in loops, sleeps,
  # waits and reads, but not while C code holds the interpreter's lock.
  class Stacks
    class << self
      # While the block runs, a process that is told to end says first where it is: nothing else would
      # tell which file hangs while it is loaded.
      def told_at_the_end(err = $stderr)
        ours = proc do
          err.syswrite("ended while loading:\n#{text}\n")
          trap("TERM", "DEFAULT")
          Process.kill("TERM", Process.pid)
        end
        previous = trap("TERM", ours)
        yield
      ensure
        # A suite may have set its own.
        now = trap("TERM", previous || "DEFAULT")
        trap("TERM", now) unless now.equal?(ours)
      end

      # The stacks of all threads.
      def text
        threads = Thread.list.map do |thread|
          "#{thread == Thread.main ? "main thread" : "thread"} #{thread.name} (#{thread.status})\n" +
            frames(thread).map { |line| "  #{line}\n" }.join
        end
        threads.join("\n")
      end

      private

      def frames(thread)
        lines = thread.backtrace || []
        # A handler runs on top of the main thread: its own frames say nothing.
        lines = lines.drop_while { |line| line.start_with?(__FILE__) } if thread == Thread.current
        # Nor do those of this program below the test.
        lines.reject { |line| line.start_with?(__dir__) }
      end
    end

    # Signals that hardly any program has a use for, in the order of preference.
    SIGNALS = [42, "PWR", "USR2"].freeze
    private_constant :SIGNALS

    def initialize(log)
      @path = log && "#{log}.stacks"
      @signal = nil
      install if @path
    end

    # What `hello` says about it.
    def offer
      @signal && { signal: @signal, file: @path }
    end

    private

    def install
      @file = File.open(@path, File::WRONLY | File::CREAT | File::APPEND, 0o600)
      @file.sync = true
      SIGNALS.each do |signal|
        trap(signal) { write }
        @signal = signal.is_a?(Integer) ? signal : Signal.list.fetch(signal)
        break
      rescue ArgumentError # not on this platform
        next
      end
    rescue SystemCallError
      nil
    end

    def write
      @file.syswrite(Stacks.text)
    end
  end
end
