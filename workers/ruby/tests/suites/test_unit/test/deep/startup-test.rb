# frozen_string_literal: true

require "test/unit"

class StartupTest < Test::Unit::TestCase
  class << self
    attr_reader :started, :order

    def startup
      @started = (@started || 0) + 1
      @order = []
    end

    def shutdown
      raise "shut down #{@started} times" unless @started == 1
    end
  end

  def test_1
    self.class.order << 1
    assert_equal(1, self.class.started)
  end

  def test_2
    assert_equal([1], self.class.order)
  end
end

class StartupFailsTest < Test::Unit::TestCase
  def self.startup
    raise "no start"
  end

  def test_runs_all_the_same
    assert(true)
  end
end

class OuterStartupTest < Test::Unit::TestCase
  @calls = []
  class << self
    attr_reader :calls

    def startup
      OuterStartupTest.calls << name
    end
  end

  def test_outer
    assert_equal(["OuterStartupTest"], OuterStartupTest.calls)
  end

  sub_test_case("inner") do
    def test_inner
      assert_equal(["OuterStartupTest", "OuterStartupTest::inner"], OuterStartupTest.calls)
    end
  end
end
