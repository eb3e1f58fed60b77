# frozen_string_literal: true

module PacelineWorker
  # A file of messages beside the socket: writing to it wakes nobody.
  #
  # The engine reads on when it is told that the file has grown, once more a little later, and when
  # the connection ends. So what follows closely on what was told need not be told
  # (docs/protocol.md).
  class Journal
    # Seconds within which the engine looks again without being told; half of what it promises.
    LOOKS_AGAIN = 0.002
    # A file that has become longer is followed by another, in bytes.
    LONG = 1024 * 1024
    # Kept from before tests that fake the file system.
    OPEN = File.method(:open)
    FLAGS = File::WRONLY | File::CREAT | File::EXCL | File::APPEND | File::BINARY
    private_constant :LOOKS_AGAIN, :LONG, :OPEN, :FLAGS

    # One beside the worker's log, where that can be.
    def self.beside(log)
      # Not that of an earlier worker of this number, which may still be read.
      log && new("#{log}.#{Process.pid}.journal")
    rescue SystemCallError
      nil
    end

    # What `hello` says about it.
    attr_reader :path

    def initialize(path)
      @path = path
      @number = 0
      @size = 0
      @told = -Float::INFINITY
      @file = Connection.away_from_low_descriptors(create(path))
    end

    # Adds whole lines. What does not fit is returned, from the start of a line.
    def write(lines)
      written = 0
      bytes = lines.bytesize
      written += @file.syswrite(written.zero? ? lines : lines.byteslice(written..-1)) while written < bytes
      @size += written
      ""
    rescue SystemCallError, IOError
      lines = lines.b
      line_end = written.zero? ? nil : lines.rindex("\n", written - 1)
      line_end ? lines[(line_end + 1)..-1] : lines
    end

    # What to tell the engine after a write, if anything; with `now` in any case.
    def news(now)
      clock = Monotonic.now
      return nil if !now && clock - @told < LOOKS_AGAIN

      @told = clock
      return "{\"kind\":\"journal\",\"next\":true}\n" if @size >= LONG && turn_over

      "{\"kind\":\"journal\"}\n"
    end

    def close
      @file.close
    rescue SystemCallError, IOError # a test has closed all descriptors that it found
      nil
    end

    private

    def turn_over
      following = create("#{@path}.#{@number + 1}")
      # Under the same number: tests that count descriptors see no other.
      @file.reopen(following)
      following.close
      @number += 1
      @size = 0
      true
    rescue SystemCallError, IOError
      false
    end

    def create(path)
      OPEN.call(path, FLAGS, 0o600)
    end
  end
end
