# frozen_string_literal: true

module PacelineWorker
  # Waits with a booted suite, forks a worker for each `fork`, tells when one has ended, until
  # `shutdown`; or becomes the only worker.
  class Host
    # Objects; above that a collection before the first fork pays.
    LARGE_HEAP = 400_000
    private_constant :LARGE_HEAP

    # What `shutdown` said of the run.
    attr_reader :tests, :failed

    def initialize(connection, driver)
      @connection = connection
      @driver = driver
      @children = {}
      @tests = 0
      @failed = 0
      @prepared = false
    end

    # Whether it, or what it has forked, runs tests: then the suite's own hooks are to run here.
    def prepared?
      @prepared
    end

    # Returns nil when the run is over; in each child the `fork` that it is the answer to; and the
    # `stay` where this process is to be the worker.
    def serve
      reader, writer = IO.pipe
      previous = Process.respond_to?(:fork) ? trap("CHLD") { writer.write_nonblock(".", exception: false) } : nil
      loop_until_over(reader)
    ensure
      # In children too: they must not wake the host.
      trap("CHLD", previous || "DEFAULT") if Process.respond_to?(:fork)
      reader.close
      writer.close
    end

    # Why a fork would not be safe or right; nil if it is.
    def self.why_not(driver)
      return "this platform cannot fork" unless Process.respond_to?(:fork)

      if BootWatch.asked
        return "#{BootWatch.asked} looks at the number of its worker while it is loaded, which a host does not have"
      end

      return nil if driver.suite_forks?

      threads = (Thread.list - [Thread.main]).reject { |thread| harmless?(thread) }
      return nil if threads.empty?

      "threads run after the files are loaded: #{threads.map { |thread| thread.name || thread.inspect }.join(", ")}"
    end

    # Whether nothing is lost where a thread does not live on in a child.
    def self.harmless?(thread)
      # Ruby's own for `Timeout.timeout`; it is started again.
      return true if defined?(::Timeout) && thread == ::Timeout.instance_variable_get(:@timeout_thread)

      # That of concurrent-ruby, which all of Rails uses, only frees memory of threads that have ended.
      local = defined?(::Concurrent::RubyThreadLocalVar) && ::Concurrent::RubyThreadLocalVar
      local && local.const_defined?(:THREAD, false) && thread == local.const_get(:THREAD, false)
    end
    private_class_method :harmless?

    private

    def loop_until_over(reader)
      ending = false
      loop do
        while (message = @connection.poll)
          case message["kind"]
          when "fork"
            return message if fork_worker(message)
          when "stay"
            @prepared = true
            @driver.before_tests
            return message
          when "shutdown"
            @tests = message["tests"] || 0
            @failed = message["failed"] || 0
            ending = true
          when "welcome" then nil
          else
            @connection.send({ kind: "error", fatal: false, text: "unknown kind #{message["kind"]}" })
          end
        end
        reap
        return nil if @connection.closed? || (ending && @children.empty?)

        IO.select([@connection, reader])
        reader.read_nonblock(4096, exception: false)
      end
    end

    # True in the child.
    def fork_worker(message)
      number = message["worker"]
      reason = Host.why_not(@driver)
      if reason || !number.is_a?(Integer)
        @connection.send({ kind: "fork_failed", worker: number, reason: reason || "no worker number" })
        return false
      end
      prepare
      pid = Process.fork
      return true if pid.nil?

      begin
        Process.setpgid(pid, pid) # whoever is first
      rescue SystemCallError
        nil
      end
      @children[pid] = number
      @connection.send({ kind: "forked", worker: number, pid: pid })
      false
    rescue SystemCallError, NotImplementedError => e
      @connection.send({ kind: "fork_failed", worker: number, reason: "cannot fork: #{e.message}" })
      false
    end

    def prepare
      Streams.flush
      return if @prepared

      @prepared = true
      @driver.before_tests
      # What exists now is shared by the workers until they write to it. A small heap is not worth
      # the time.
      return if GC.stat(:heap_live_slots) < LARGE_HEAP

      Process.respond_to?(:warmup) ? Process.warmup : GC.start
    end

    def reap
      @children.keys.each do |pid|
        begin
          done, status = Process.wait2(pid, Process::WNOHANG)
          next unless done
        rescue Errno::ECHILD
          status = nil
        end
        exited = { kind: "exited", worker: @children.delete(pid), pid: pid }
        if status&.signaled?
          exited[:signal] = status.termsig
        else
          exited[:code] = status ? status.exitstatus : 0
        end
        @connection.send(exited)
      end
    end
  end
end
