# frozen_string_literal: true

module PacelineWorker
  # Keeps what a test prints, that of its child processes too: descriptors 1 and 2 are files while
  # units run. What is printed between tests goes to the log.
  class Capture
    TITLES = ["Captured stdout", "Captured stderr"].freeze
    STREAMS = [STDOUT, STDERR].freeze
    private_constant :TITLES, :STREAMS

    # `log` is the path that stdout and stderr have now.
    def initialize(log)
      @paths = log && ["#{log}.out", "#{log}.err"]
      @files = nil
    end

    # What `hello` says about it.
    def offer
      @paths && { stdout: @paths[0], stderr: @paths[1] }
    end

    def start
      return unless @paths

      @saved = STREAMS.map do |stream|
        stream.flush
        stream.dup
      end
      @files = @paths.map { |path| File.open(path, File::RDWR | File::CREAT | File::TRUNC | File::APPEND, 0o600) }
      @files.zip(STREAMS) { |file, stream| redirect(stream, file) }
    end

    # What has been printed since the last time, as `[[title, text], ...]`; nil for nothing.
    def take
      return nil unless @files

      sections = nil
      @files.each_with_index do |file, index|
        STREAMS[index].flush
        size = file.size
        next if size.zero?

        (sections ||= []) << [TITLES[index], Connection.cut(file.pread(size, 0))]
        file.truncate(0)
      end
      sections
    rescue SystemCallError, IOError # a test has closed them
      nil
    end

    # Moves what was printed outside of tests to the log.
    def drain
      take&.each { |_, text| @saved[0].write(text) }
    end

    def stop
      return unless @files

      drain
      @saved.zip(STREAMS) { |saved, stream| redirect(stream, saved) }
      @files = nil
    end

    private

    def redirect(stream, target)
      sync = stream.sync
      stream.reopen(target)
      stream.sync = sync
    rescue IOError # closed by a test
      nil
    end
  end
end
