# frozen_string_literal: true

module PacelineWorker
  # Notices a suite that looks at its worker's number while it is loaded, e.g. to name a database.
  # In a host there is none yet, and what is made of that could not be put right after a fork.
  module BootWatch
    NAMES = %w[TEST_ENV_NUMBER PACELINE_WORKER_ID].freeze
    READERS = %i[[] fetch key? has_key? include? member?].freeze
    private_constant :NAMES, :READERS

    @asked = nil

    class << self
      # The first place that has looked: `FILE:LINE`; nil if none has.
      attr_reader :asked

      # Watches while the block runs.
      def watch
        watching = Module.new do
          READERS.each do |reader|
            define_method(reader) do |name, *rest, &block|
              BootWatch.note(name, caller_locations(1, 1)) if NAMES.include?(name)
              super(name, *rest, &block)
            end
          end
        end
        ENV.singleton_class.prepend(watching)
        yield
      ensure
        READERS.each { |reader| watching.send(:remove_method, reader) }
      end

      def note(_name, locations)
        place = locations&.first
        @asked ||= place && "#{Arguments.relative(place.path)}:#{place.lineno}"
      end
    end
  end
end
