# frozen_string_literal: true

module PacelineWorker
  # A test of a unit: what the engine is told of it, and what its driver needs to run it.
  Test = Struct.new(:id, :handle, :file, :line, :group, :settings) do
    # Whether it runs only when it is asked for by its index.
    def held_back?
      settings ? Settings.held_back?(settings) : false
    end
  end

  # What a worker is handed at a time: a test class, or one with all that is below it.
  class Unit
    attr_reader :key, :path, :handle, :tests
    attr_accessor :number, :told

    def initialize(key, path, handle, tests)
      @key = key
      @path = path
      @handle = handle
      @tests = tests
      @number = nil
      @told = false
    end

    # Equal for equal ids in equal order.
    def digest
      text = @tests.map(&:id).join("\n").b
      hash = text.unpack("N*").inject(text.bytesize) { |sum, word| ((sum * 1_000_003) + word) & 0x7fff_ffff }
      tail = text.byteslice(text.bytesize & ~3, 3).sum
      format("%08x%06x-%d", hash, tail, @tests.size)
    end

    # A test's description, in JSON: there are many of them.
    def describe(test)
      text = +"{\"id\":#{Json.string(test.id)}"
      text << ",\"file\":#{Json.string(test.file)}" if test.file && test.file != @path
      text << ",\"line\":#{test.line}" if test.line
      text << ",\"group\":#{Json.string(test.group)}" if test.group
      text << ",\"paceline\":#{Json.generate(test.settings)}" if test.settings
      text << "}"
    end
  end

  # Gives units keys and tests ids that occur once: repeated ones get ` #2`, ` #3`, ...
  class UniqueNames
    def initialize
      @seen = Hash.new(0)
    end

    def name(text)
      count = (@seen[text] += 1)
      return text if count == 1

      # The numbered one may itself be the name of another.
      name("#{text} ##{count}")
    end
  end
end
