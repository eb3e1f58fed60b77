require "test/unit"

module SharedTests
  def test_shared; assert_equal 2, value; end
  def test_shared_too; assert value > 1; end
end

class TestBase < Test::Unit::TestCase
  include SharedTests
  def value; 2; end
  def test_own; assert true; end
end

class TestDerived < TestBase
  def value; 1; end
end

module Outer
  class TestInner < Test::Unit::TestCase
    def test_inner; assert true; end
    private

    def test_private; flunk; end
  end
end

class TestEmpty < Test::Unit::TestCase; end

# Two classes of one description.
class TestTwice < Test::Unit::TestCase
  sub_test_case("same") { def test_x; assert true; end }
  sub_test_case("same") { def test_x; assert false; end }
end

class TestOrder < Test::Unit::TestCase
  self.test_order = :defined
  def test_z; assert true; end
  def test_a; assert true; end
end

class TestAttributes < Test::Unit::TestCase
  attribute :bug, 1234
  def test_attributed; assert_equal 1234, self[:bug]; end
  priority :must
  def test_priority; assert true; end
  attribute :parallel, false
  def test_alone; assert true; end
end
