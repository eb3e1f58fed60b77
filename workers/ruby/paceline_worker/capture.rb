# frozen_string_literal: true

module PacelineWorker
  # Keeps what a test prints, that of its child processes too: descriptors 1 and 2 are files while
  # units run. What is printed between tests goes to the log.
  class Capture
    TITLES = ["Captured stdout", "Captured stderr"].freeze
    # Kept from before tests that fake the file system.
    SIZE = File.method(:size?)
    private_constant :TITLES, :SIZE

    # `log` is the path that stdout and stderr have now.
    def initialize(log)
      @log = log
      @paths = log && ["#{log}.out", "#{log}.err"]
      @files = nil
    end

    # What `hello` says about it.
    def offer
      @paths && { stdout: @paths[0], stderr: @paths[1] }
    end

    def start
      return unless @paths

      Streams.flush
      @saved = Streams::ALL.map(&:dup)
      @files = @paths.map { |path| File.open(path, File::RDWR | File::CREAT | File::TRUNC | File::APPEND, 0o600) }
      @files.zip(Streams::ALL) { |file, stream| Streams.redirect(stream, file) }
    end

    # What has been printed since the last time, as `[[title, text], ...]`; nil for nothing.
    def take
      return nil unless @files

      Streams.flush
      sections = nil
      @files.each_with_index do |file, index|
        size = file.size
        next if size.zero?

        (sections ||= []) << [TITLES[index], Connection.cut(file.pread(size, 0))]
        file.truncate(0)
      end
      sections
    rescue SystemCallError, IOError # a test has closed all descriptors that it found
      nil
    end

    # How long the log is, in bytes; nil where there is none.
    def log_size
      @log && SIZE.call(@log).to_i
    end

    # Moves what was printed outside of tests to the log.
    def drain
      take&.each { |_, text| @saved[0].write(text) }
    end

    def stop
      return unless @files

      drain
      @saved.zip(Streams::ALL) { |saved, stream| Streams.redirect(stream, saved) }
      @files = nil
    end
  end
end
