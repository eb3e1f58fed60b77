# frozen_string_literal: true

# What a suite can say to paceline. There is nothing to require: under paceline the module is there
# before the first file of the suite is loaded (`if defined?(Paceline)`).
module Paceline
  @setup = []
  @teardown = []

  class << self
    # Registers a block to be called in each worker before its first test, with the worker's
    # number (0, 1, 2, ...).
    def worker_setup(&block)
      @setup << block
    end

    # Registers a block to be called in each worker after its last test.
    def worker_teardown(&block)
      @teardown << block
    end

    # :nodoc:
    def run_worker_setup(id)
      @setup.each { |block| block.call(id) }
    end

    # :nodoc:
    def run_worker_teardown(id)
      @teardown.reverse_each { |block| block.call(id) }
    end
  end
end
