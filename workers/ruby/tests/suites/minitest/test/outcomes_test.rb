# frozen_string_literal: true

require "minitest/autorun"

class OutcomesTest < Minitest::Test
  def test_pass
    assert_equal 1, 1
    assert true
  end

  def test_failure
    assert_equal "a\nb\n", "a\nc\n"
  end

  def test_error
    raise ArgumentError, "boom"
  end

  def test_skip
    skip "not now"
  end

  def test_bytes_that_are_no_text
    assert_equal "\xff\xfe", "\xff\xfd"
  end

  def test_with_a_proc
    assert_equal 3, ->(x) { x + 1 }.call(2)
  end
end

class FixturesTest < Minitest::Test
  def setup
    skip "in set-up" if name == "test_skipped_in_setup"
    raise "no set-up" if name == "test_setup_error"
  end

  def teardown
    raise "no tear-down" if name.start_with?("test_teardown")
  end

  def test_skipped_in_setup; end

  def test_setup_error; end

  def test_teardown_error; end

  def test_teardown_after_failure
    assert false
  end
end

class EmptyTest < Minitest::Test
end

module SharedTests
  def test_shared
    assert true
  end
end

class SharedATest < Minitest::Test
  include SharedTests
end

class SharedBTest < Minitest::Test
  include SharedTests
end

class BaseTest < Minitest::Test
  def test_of_the_base
    assert true
  end
end

class DerivedTest < BaseTest
  def test_of_the_derived
    assert true
  end
end

Class.new(Minitest::Test) do
  def test_of_a_class_without_a_name
    assert true
  end
end
