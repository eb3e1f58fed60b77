# frozen_string_literal: true

require "socket"
require_relative "json"

module PacelineWorker
  # Messages to and from the engine.
  #
  # Outgoing messages gather in a buffer until `flush`, so that several leave in one system call.
  # Only the process that connected can send: a child that a test forked must not.
  class Connection
    # The engine is gone.
    class Closed < StandardError; end

    MAX_LINE = 16 * 1024 * 1024
    # A text that would take more is cut in its middle.
    MAX_TEXT = 2 * 1024 * 1024
    # Tests like to close or count low descriptors; ours keep away from those.
    HIGH_FD = 200
    F_DUPFD_CLOEXEC = 1030
    # Seconds between two looks at the socket while tests run one after another.
    LOOKS_EVERY = 0.001
    private_constant :HIGH_FD, :F_DUPFD_CLOEXEC, :LOOKS_EVERY

    # A text that fits into a message.
    def self.cut(text)
      return text if text.bytesize <= MAX_TEXT

      text = Json.utf8(text)
      keep = [MAX_TEXT / 8, text.size / 2].min
      "#{text[0, keep]}[... #{text.size - (2 * keep)} characters cut ...]#{text[-keep, keep]}"
    end

    # A socket or file with a number that tests do not get at by chance.
    def self.away_from_low_descriptors(io)
      io.sync = true
      return io unless RUBY_PLATFORM.include?("linux") && RUBY_ENGINE == "ruby"

      high = io.fcntl(F_DUPFD_CLOEXEC, HIGH_FD)
      moved = io.class.for_fd(high)
      moved.sync = true
      io.close
      moved
    rescue SystemCallError # the limit of open files is lower
      io
    end

    attr_reader :address

    def initialize(address)
      @address = address
      @pid = Process.pid
      @out = +""
      @in = +"".b
      @chunk = +"".b
      @messages = []
      @closed = false
      @journal = nil
      # Whether there is something in the journal that the engine has not been told of.
      @untold = false
      @next_look = 0.0
      @socket = Connection.away_from_low_descriptors(connect(address))
    end

    # Sends what follows by way of a journal.
    def write_to(journal)
      @journal = journal
    end

    def closed?
      @closed
    end

    def to_io
      @socket
    end

    # Makes this process the one that sends: for a child that acts in its parent's place.
    def adopt
      @pid = Process.pid
      @out = +""
    end

    # Sends what follows directly, for a process that others are going to speak for.
    def leave_journal
      flush
      @journal&.close
      @journal = nil
    end

    # Closes this process's end without telling the engine anything.
    def abandon
      @closed = true
      @out = +""
      @socket.close
    end

    # Adds a message to the buffer.
    def put(message)
      @out << Json.generate(message) << "\n"
    end

    # Adds a message that is a line already.
    def put_line(line)
      @out << line
    end

    # Sends a message and all that is in the buffer.
    def send(message)
      put(message)
      flush
    end

    # Sends what is in the buffer, in one system call if the socket takes it. With `soon` the engine
    # may get it some milliseconds later, but gets it, whatever becomes of this process.
    def flush(soon: false)
      return if @out.empty? && !@untold

      out = @out
      @out = +""
      return if @closed || Process.pid != @pid

      out = journal(out, soon) if @journal
      @socket.write(out) unless out.nil?
    rescue SystemCallError, IOError
      @closed = true
    end

    # Whether `poll` may have something new: it has not looked in the last millisecond.
    def worth_a_look?
      now = Monotonic.now
      return @closed if now < @next_look

      @next_look = now + LOOKS_EVERY
      true
    end

    # A message that is there already, or nil.
    def poll
      read(false) if @messages.empty? && !@closed
      @messages.shift
    end

    # The next message. Raises Closed when there will be none.
    def receive
      while @messages.empty?
        raise Closed if @closed

        read(true)
      end
      @messages.shift
    end

    private

    # Writes to the journal; answers what to send instead, if anything.
    def journal(out, soon)
      rest = @journal.write(out)
      if rest.empty?
        news = @journal.news(!soon)
        @untold = news.nil?
        return news
      end
      # The disk is full.
      @journal.close
      @journal = nil
      @untold = false
      rest
    end

    def read(block)
      data = block ? @socket.readpartial(65_536, @chunk) : @socket.read_nonblock(65_536, @chunk, exception: false)
      return if data == :wait_readable
      return @closed = true if data.nil?

      @in << data
      while (line_end = @in.index("\n"))
        accept(@in.slice!(0..line_end))
      end
      return unless @in.bytesize > MAX_LINE

      send({ kind: "error", fatal: true, text: "a line is longer than 16 MiB" })
      @closed = true
    rescue SystemCallError, IOError
      @closed = true
    end

    def accept(line)
      return if line.strip.empty?

      message = Json.parse(line)
      raise Json::Error, "no object with a kind" unless message.is_a?(Hash) && message["kind"].is_a?(String)

      @messages << message
    rescue Json::Error => e
      send({ kind: "error", fatal: false, text: "cannot read a message: #{e.message}" })
    end

    def connect(address)
      scheme, rest = address.split(":", 2)
      case scheme
      when "unix" then UNIXSocket.new(rest)
      when "tcp"
        host, port = rest.split(/:(?=\d+\z)/)
        socket = TCPSocket.new(host, Integer(port))
        socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
        socket
      else raise ArgumentError, "PACELINE_CONNECT must be unix:PATH or tcp:HOST:PORT, not #{address}"
      end
    end
  end
end
