# frozen_string_literal: true

require "minitest/autorun"

class OrderTest < Minitest::Test
  i_suck_and_my_tests_are_order_dependent!

  @seen = []
  class << self
    attr_reader :seen
  end

  def test_1
    self.class.seen << 1
    assert_equal [1], self.class.seen
  end

  def test_2
    assert_equal [1], self.class.seen
  end
end

class ParallelTest < Minitest::Test
  parallelize_me!

  5.times do |number|
    define_method("test_#{number}") { assert_equal number, number }
  end

  def test_failure
    assert false
  end
end

# Set-up for the class, as suites write it.
class AroundTest < Minitest::Test
  @calls = []
  class << self
    attr_reader :calls

    name = Minitest::Runnable.respond_to?(:run_suite) ? :run_suite : :run
    define_method(name) do |*args|
      AroundTest.calls << :before
      super(*args)
    end
  end

  def test_a
    assert_equal [:before], self.class.calls
  end

  def test_b
    assert_equal [:before], self.class.calls
  end
end

class RandomTest < Minitest::Test
  def test_the_seed_is_the_one_that_was_asked_for
    assert_equal 42, Minitest.seed if Minitest.respond_to?(:seed)
  end
end
