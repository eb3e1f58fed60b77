# frozen_string_literal: true

require "test/unit"

class TestNested < Test::Unit::TestCase
  def setup
    @outer = 1
  end

  def test_outer
    assert_equal(1, @outer)
  end

  sub_test_case("first level") do
    def setup
      super
      @inner = 2
    end

    test("sees both") { assert_equal([1, 2], [@outer, @inner]) }

    sub_test_case("second level") do
      test("sees both too") { assert_equal([1, 2], [@outer, @inner]) }
      test("fails") { assert_equal(3, @inner) }
    end
  end

  sub_test_case("same name") { test("one of two") { assert(true) } }
  sub_test_case("same name") { test("one of two") { assert(false) } }
end

class TestBase < Test::Unit::TestCase
  def test_of_the_base
    assert(true)
  end
end

class TestDerived < TestBase
  def test_of_the_derived
    assert(true)
  end
end

module SharedTests
  def test_shared
    assert_equal(self.class.name, self.class.to_s)
  end
end

class TestSharedA < Test::Unit::TestCase
  include SharedTests
end

class TestSharedB < Test::Unit::TestCase
  include SharedTests
end
