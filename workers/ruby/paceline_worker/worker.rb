# frozen_string_literal: true

module PacelineWorker
  # A unit, or a part of it, that this worker has been handed.
  class Run
    attr_reader :unit, :ids, :known, :claim, :isolation
    # Indexes that are still to be run, in order, as keys; nil for all that are not held back.
    attr_accessor :todo

    def initialize(unit, message, default_isolation)
      @unit = unit
      @todo = message["tests"]&.map { |index| [index, true] }&.to_h
      @ids = message["ids"]&.map { |id| [id, true] }&.to_h
      @known = message["known"]
      @claim = message["claim"]
      @isolation = message["isolation"] || default_isolation
    end

    # Settles which tests to run.
    def settle
      @todo ||= @unit.tests.each_index.select do |index|
        test = @unit.tests[index]
        !test.held_back? && (@ids.nil? || @ids.key?(test.id))
      end.map { |index| [index, true] }.to_h
    end
  end

  # Takes units from the engine and runs them until it is told to stop.
  class Worker
    # How many tests a `collected` holds; a unit with more is told in several.
    TESTS_A_MESSAGE = 2000
    private_constant :TESTS_A_MESSAGE

    attr_reader :connection, :driver

    def initialize(connection, driver, options, capture)
      @connection = connection
      @driver = driver
      @options = options
      @capture = capture
      @by_key = driver.units.map { |unit| [unit.key, unit] }.to_h
      @queue = []
      @current = nil
      @stopping = false
      @stop_now = false
      @isolated = false
      @on_start = nil
      @pid = Process.pid
    end

    # Runs what comes until the engine says that nothing more will.
    def work
      until @stop_now
        run = next_run
        break if run.nil?

        execute(run)
      end
    end

    # Called by a driver before each test: whether it is to run.
    def begin?(index)
      take_in if @connection.worth_a_look?
      return false if @stop_now || @current.todo.delete(index).nil?

      @on_start&.call(index)
      pid = @isolated ? ",\"pid\":#{@pid}#{log_size}" : ""
      @connection.put_line("{\"kind\":\"test_started\",\"unit\":#{@current.unit.number},\"test\":#{index}#{pid}}\n")
      # One write: how the last test ended, and that this one has begun.
      @connection.flush(soon: true)
      true
    end

    # Called by a driver after each test.
    def finished(index, result)
      # A test forked, and the child has come back. Its results are not ours.
      exit!(1) if Process.pid != @pid

      @connection.put_line(Report.line(@current.unit.number, index, result, @capture.take))
    end

    # Called by a driver for what went wrong beside the tests of the running unit.
    def went_wrong(id, message, text, location)
      error = { kind: "collect_error", unit: @current.unit.number, id: id, message: Connection.cut(message),
                text: Connection.cut(text), location: location, sections: @capture.take }
      @connection.put(error.compact)
    end

    # Announces a unit's tests and runs those that are to run.
    def run_here(run)
      @current = run
      tell(run)
      run.settle
      run_tests(run)
    end

    def run_tests(run)
      @current = run
      tests = run.unit.tests
      run.todo.keys.each { |index| missing(run, index) unless index.is_a?(Integer) && index >= 0 && tests[index] }
      @driver.run(run.unit, run.todo, self) unless run.todo.empty?
      @capture.drain unless @isolated
    end

    # What has been printed since the last test.
    def printed
      @capture.take
    end

    # A process has run its tests, and then ended with an error: in a block of `at_exit`.
    def ended_badly(words)
      message = "after the last test the process ended with #{words}"
      @connection.put({ kind: "collect_error", unit: nil, id: "at_exit", message: message,
                        text: message, sections: printed }.compact)
    end

    # Makes this process, forked from the worker, the one that runs and reports.
    def become_child(on_start)
      @connection.adopt
      @pid = Process.pid
      @isolated = true
      @on_start = on_start
    end

    def tell(run)
      unit = run.unit
      return if unit.told && run.known

      unit.told = true
      digest = unit.digest
      head = "{\"kind\":\"collected\",\"unit\":#{unit.number}"
      tests = ""
      if run.known != digest
        parts = unit.tests.each_slice(TESTS_A_MESSAGE).to_a
        last = parts.pop || []
        parts.each_with_index do |part, index|
          @connection.put_line("#{head},\"first\":#{index * TESTS_A_MESSAGE},\"more\":true#{described(unit, part)}}\n")
        end
        tests = ",\"first\":#{parts.size * TESTS_A_MESSAGE}#{described(unit, last)}"
      end
      @connection.put_line("#{head},\"digest\":\"#{digest}\",\"count\":#{unit.tests.size}#{tests}}\n")
    end

    private

    def log_size
      size = @capture.log_size
      size && ",\"log\":#{size}"
    end

    def described(unit, tests)
      ",\"tests\":[#{tests.map { |test| unit.describe(test) }.join(",")}]"
    end

    def next_run
      take_in
      while @queue.empty?
        return nil if @stopping

        wait_for_message
      end
      @queue.shift
    end

    # Reads what has arrived.
    def take_in
      return if @isolated # the messages are for the parent

      while (message = @connection.poll)
        handle(message)
      end
      @stopping = @stop_now = true if @connection.closed?
    end

    def wait_for_message
      @connection.flush
      handle(@connection.receive)
    rescue Connection::Closed
      @stopping = @stop_now = true
    end

    def handle(message)
      case message["kind"]
      when "run" then take_run(message)
      when "take_back" then take_back(message)
      when "shutdown"
        @stopping = true
        @stop_now ||= message["now"] ? true : false
      when "welcome", "wait" then nil
      else
        @connection.send({ kind: "error", fatal: false, text: "unknown kind #{message["kind"]}" })
      end
    end

    def take_run(message)
      # The number is the host's. A worker that booted by itself may have loaded something else.
      key = message["key"]
      number = message["unit"]
      unit = key ? @by_key[key] : @driver.units[number]
      if unit.nil?
        text = "this worker has no test class #{key || number}"
        @connection.put({ kind: "unit_started", unit: number })
        @connection.put({ kind: "collect_error", unit: number, id: key.to_s, text: text })
        @connection.send({ kind: "unit_finished", unit: number })
        return
      end
      unit.number = number
      @queue << Run.new(unit, message, @options.isolation)
    end

    def take_back(message)
      number = message["unit"]
      wanted = message["tests"]
      answer = { kind: "taken_back", unit: number, ok: false }
      if wanted && @current && @current.unit.number == number
        given = wanted.select { |index| @current.todo.delete(index) }
        answer.update(ok: !given.empty?, tests: given)
      else
        index = @queue.index { |run| run.unit.number == number }
        @queue.delete_at(index) if index
        answer[:ok] = !index.nil?
      end
      @connection.send(answer)
    end

    def execute(run)
      return if run.claim && !claim(run)

      # All that was sent so far is about earlier units: a crash from here on is this one's.
      @connection.put_line("{\"kind\":\"unit_started\",\"unit\":#{run.unit.number}}\n")
      @connection.flush(soon: true)
      if run.isolation == "worker"
        run_here(run)
      else
        @current = run
        @connection.leave_journal
        Isolation.new(self, run).run
      end
      @connection.put({ kind: "unit_finished", unit: run.unit.number })
      @current = nil
    end

    def claim(run)
      File.open(run.claim, File::CREAT | File::EXCL | File::WRONLY, 0o600).close
      true
    rescue SystemCallError => e
      unless e.is_a?(Errno::EEXIST)
        text = "cannot claim unit #{run.unit.number}: #{e.message}"
        @connection.put({ kind: "error", fatal: false, unit: run.unit.number, text: text })
      end
      @connection.put({ kind: "taken_back", unit: run.unit.number, ok: true })
      false
    end

    def missing(run, index)
      run.todo.delete(index)
      number = run.unit.number
      text = "this worker's collection has no test #{index} in the unit"
      problem = { phase: "setup", outcome: "errored", message: text }
      @connection.put({ kind: "test_started", unit: number, test: index })
      @connection.put({ kind: "test_finished", unit: number, test: index, outcome: "errored",
                        durations: [0, 0, 0], problems: [problem] })
    end
  end
end
