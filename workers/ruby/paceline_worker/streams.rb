# frozen_string_literal: true

module PacelineWorker
  # The process's stdout and stderr, which tests may have closed.
  module Streams
    ALL = [STDOUT, STDERR].freeze

    module_function

    def flush
      ALL.each do |stream|
        begin
          stream.flush
        rescue SystemCallError, IOError
          next
        end
      end
    end

    def complain(text)
      STDERR.write(text)
    rescue SystemCallError, IOError
      nil
    end

    # Makes a stream write where `target` writes.
    def redirect(stream, target)
      sync = stream.sync
      stream.reopen(target)
      stream.sync = sync
    rescue SystemCallError, IOError
      nil
    end
  end
end
