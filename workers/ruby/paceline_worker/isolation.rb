# frozen_string_literal: true

module PacelineWorker
  # Runs a unit (`file`) or each of its tests (`test`) in a process of its own, forked from the
  # worker. A child sends over the worker's connection; the worker waits, and speaks for a child
  # that died.
  class Isolation
    # What a child says when all that it had to do is done; before, it says the index of each test.
    DONE = 0xffff_ffff
    private_constant :DONE

    def initialize(worker, run)
      @worker = worker
      @connection = worker.connection
      @run = run
    end

    def run
      unless Process.respond_to?(:fork)
        @connection.send({ kind: "error", fatal: true, text: "isolation needs a platform that can fork" })
        return
      end
      @worker.tell(@run)
      @run.settle
      if @run.isolation == "test"
        until @run.todo.empty?
          index = @run.todo.keys.first
          apart([index])
        end
      else
        apart(@run.todo.keys) until @run.todo.empty?
      end
    end

    private

    # Runs these tests in a child. Those that it began are done.
    def apart(indexes)
      reader, writer = IO.pipe
      @connection.flush
      Streams.flush
      pid = Process.fork
      if pid.nil?
        reader.close
        in_child(indexes, writer)
      end
      writer.close
      _, status = Process.wait2(pid)
      begun = read(reader)
      reader.close
      if begun.last == DONE
        # What did not begin was taken away by the suite itself.
        indexes.each { |index| @run.todo.delete(index) }
        @worker.ended_badly(words(status)) unless status.success?
      else
        begun.each { |index| @run.todo.delete(index) }
        died(indexes, begun, status)
      end
    end

    def in_child(indexes, writer)
      @worker.become_child(->(index) { writer.syswrite([index].pack("L")) })
      Ending.of_child do
        @run.todo = indexes.map { |index| [index, true] }.to_h
        @worker.run_tests(@run)
        @connection.flush
        writer.syswrite([DONE].pack("L"))
      end
    end

    # A grandchild may hold the other end: what is there has to do.
    def read(reader)
      data = +"".b
      while (part = reader.read_nonblock(4096, exception: false))
        break if part == :wait_readable

        data << part
      end
      data.unpack("L*")
    end

    def died(indexes, begun, status)
      index = begun.last
      number = @run.unit.number
      if index.nil?
        index = indexes.first
        @run.todo.delete(index)
        @connection.put({ kind: "test_started", unit: number, test: index })
      end
      exit = status.signaled? ? { signal: status.termsig } : { code: status.exitstatus }
      problem = { phase: "call", outcome: "crashed", message: "the process ended: #{words(status)}" }
      finished = { kind: "test_finished", unit: number, test: index, outcome: "crashed",
                   durations: [0, 0, 0], exit: exit, problems: [problem], sections: @worker.printed }
      @connection.put(finished.compact)
    end

    def words(status)
      return "exit code #{status.exitstatus}" unless status.signaled?

      "signal #{status.termsig} (SIG#{Signal.signame(status.termsig)})"
    end
  end
end
