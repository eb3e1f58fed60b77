# frozen_string_literal: true

require_relative "json"
require_relative "monotonic"
require_relative "connection"
require_relative "journal"
require_relative "options"
require_relative "arguments"
require_relative "selection"
require_relative "settings"
require_relative "unit"
require_relative "report"
require_relative "streams"
require_relative "capture"
require_relative "stacks"
require_relative "hooks"
require_relative "boot_watch"
require_relative "ending"
require_relative "isolation"
require_relative "worker"
require_relative "host"

module PacelineWorker
  # The life of a process: greeting, loading, then host or worker.
  class Program
    PROTOCOL = 1
    DRIVERS = { "test-unit" => ["test_unit_driver", :TestUnitDriver],
                "minitest" => ["minitest_driver", :MinitestDriver] }.freeze
    # How many units a `discovered` holds.
    UNITS_A_MESSAGE = 1000
    private_constant :PROTOCOL, :DRIVERS, :UNITS_A_MESSAGE

    def initialize(argv)
      @framework = argv.shift
      @env = %w[CONNECT TOKEN ROLE LOG].map { |name| [name, ENV.delete("PACELINE_#{name}")] }.to_h
      @goodbye = nil
    end

    def run
      complain unless DRIVERS.key?(@framework) && @env["CONNECT"] && %w[host worker].include?(@env["ROLE"])

      ARGV.clear
      @connection = Connection.new(@env["CONNECT"])
      Ending.after_later_ones { |status| say_goodbye(status) }
      file, name = DRIVERS.fetch(@framework)
      require_relative file
      @driver = PacelineWorker.const_get(name).new
      @env["ROLE"] == "host" ? run_host : run_spawned
    end

    private

    def complain
      warn "usage: ruby [-I DIR] [-r LIBRARY] main.rb #{DRIVERS.keys.join("|")}\n" \
           "It is started by paceline, with PACELINE_CONNECT, PACELINE_TOKEN and PACELINE_ROLE in its environment."
      exit(2)
    end

    def run_host
      greet("host", nil)
      load_suite
      announce
      host = Host.new(@connection, @driver)
      message = host.serve
      return run_forked(message) if message && message["kind"] == "fork"

      stay(host, message) if message
      @driver.after_tests(wanted: host.prepared?)
      Ending.silence_autorun
      @goodbye = { summary: @driver.summary }.compact
      exit(host.failed.zero? ? 0 : 1)
    end

    # The host is the only worker, until there is nothing more to run, and then a host again. What
    # tests have left to be done at the end of the process is still the worker's.
    def stay(host, message)
      Ending.after_later_ones { |status| leave_as_worker(status, host.failed.zero? ? 0 : 1) }
      own = @connection
      streams = Streams::ALL.map(&:dup)
      set_worker(message)
      @connection = Connection.new(own.address)
      greet("worker", message["worker"])
      run_units(message["worker"])
      streams.zip(Streams::ALL) { |saved, stream| Streams.redirect(stream, saved) }
      streams.each(&:close)
      @connection = own
      host.serve
    end

    def run_forked(message)
      Ending.here { |status| say_goodbye(status) }
      address = @connection.address
      @connection.abandon
      begin
        Process.setpgid(0, 0)
      rescue SystemCallError
        nil # the host was first
      end
      @env["ROLE"] = "worker"
      set_worker(message)
      @driver.forked
      @connection = Connection.new(address)
      greet("worker", message["worker"])
      work(message["worker"])
    end

    # What a process is told that becomes a worker after it has booted.
    def set_worker(message)
      (message["env"] || {}).each { |name, value| ENV[name] = value&.to_s }
      @env["TOKEN"] = message["token"]
      @env["LOG"] = message["log"]
      to_log(message["log"]) if message["log"]
      srand
    end

    def run_spawned
      number = Integer(ENV.fetch("PACELINE_WORKER_ID"))
      set_environment(number, nil)
      greet("worker", number)
      load_suite
      srand
      @driver.before_tests
      work(number)
    end

    # Greeting.

    def greet(role, number)
      log = @env["LOG"]
      @capture = Capture.new(role == "worker" ? log : nil)
      stacks = Stacks.new(role == "worker" ? log : nil)
      journal = role == "worker" ? Journal.beside(log) : nil
      version = load_framework
      hello = { kind: "hello", protocol: PROTOCOL, token: @env.delete("TOKEN"), role: role, worker: number,
                pid: Process.pid, framework: { name: @framework, version: version },
                language: { name: "ruby", version: RUBY_VERSION, implementation: RUBY_ENGINE },
                stacks: stacks.offer, captured: @capture.offer, claims: role == "worker" ? true : nil, journal: journal&.path }.compact
      @connection.send(hello)
      welcomed(journal)
      fail_with("#{@framework} cannot be loaded: #{@missing}") if version.nil?
    end

    def load_framework
      @driver.load_framework unless @loaded
      @loaded = true
      @driver.version
    rescue LoadError => e
      @missing = e.message
      nil
    ensure
      GC.enable
    end

    def welcomed(journal)
      message = @connection.receive
      if message["kind"] == "refused"
        warn message["reason"].to_s
        exit(1)
      end
      message["journal"] && journal ? @connection.write_to(journal) : journal&.close
      # A forked worker has its options from the host.
      @options ||= Options.new(message)
    rescue Connection::Closed
      exit(1)
    end

    # Loading.

    def load_suite
      Stacks.told_at_the_end { host? ? BootWatch.watch { load_files } : load_files }
    rescue SystemExit => e
      fail_with("the framework ended with status #{e.status} while it read its arguments")
    rescue ArgumentError, OptionParser::ParseError => e
      fail_with(e.message)
    end

    def load_files
      @driver.configure(@options)
      selection = @options.selection
      @driver.load_files do |problem|
        tell = host? && !selection.ignored?(problem[:id].to_s)
        @connection.put({ kind: "collect_error", unit: nil, **problem }) if tell
      end
      @driver.units.replace(selection.apply(@driver.units))
    end

    def host?
      @env["ROLE"] == "host"
    end

    def announce
      units = @driver.units
      units.each_with_index { |unit, number| unit.number = number }
      described = units.map { |unit| { unit: unit.number, key: unit.key, path: unit.path, type: "Class" } }
      parts = described.each_slice(UNITS_A_MESSAGE).to_a
      parts << [] if parts.empty?
      parts.each_with_index do |part, index|
        @connection.put({ kind: "discovered", units: part, complete: index == parts.size - 1 })
      end
      why_not = Host.why_not(@driver)
      @connection.send({ kind: "ready", can_fork: why_not.nil?, why_not: why_not, can_stay: why_not.nil?,
                         collect: "whole", rootdir: Dir.pwd, config_file: @driver.config_file,
                         maxfail: @driver.maxfail, worker_input: @driver.worker_input })
    end

    # Working.

    def work(number)
      run_units(number)
      @driver.after_tests
      Ending.silence_autorun
      @goodbye = {}
    end

    def run_units(number)
      set_environment(number, @options.workers)
      @driver.prepare_worker(number)
      Paceline.run_worker_setup(number)
      @capture.start unless @options.interactive?
      @worker = Worker.new(@connection, @driver, @options, @capture)
      @worker.work
      @capture.stop
      Paceline.run_worker_teardown(number)
      @driver.leave_worker(number)
    end

    def set_environment(number, workers)
      ENV["TEST_ENV_NUMBER"] = number.zero? ? "" : (number + 1).to_s
      ENV["PARALLEL_TEST_GROUPS"] = workers.to_s if workers
    end

    def to_log(path)
      log = File.open(path, File::WRONLY | File::CREAT | File::APPEND, 0o600)
      Streams::ALL.each { |stream| Streams.redirect(stream, log) }
      log.close
    end

    # Ends.

    def fail_with(text)
      Streams.flush
      @connection.send({ kind: "error", fatal: true, text: text, exit_status: 1 })
      warn text
      exit(1)
    end

    def say_goodbye(status)
      return unless @goodbye

      if status != 0 && !host?
        @worker.ended_badly("exit code #{status}")
      end
      @connection.send({ kind: "goodbye", exit_status: status, **@goodbye })
    end

    # `usual` is the status with which the host ends.
    def leave_as_worker(status, usual)
      return unless @goodbye

      @worker.ended_badly("exit code #{status}") if status != usual
      @worker.connection.send({ kind: "goodbye", exit_status: status })
    end
  end
end
