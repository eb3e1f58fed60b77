# frozen_string_literal: true

require "test/unit"

class TestOutcomes < Test::Unit::TestCase
  def test_pass
    assert_equal(1, 1)
    assert(true)
  end

  def test_failure
    assert_equal("a\nb\n", "a\nc\n")
  end

  def test_failure_with_message
    assert(false, "said so")
  end

  def test_error
    raise ArgumentError, "boom"
  end

  def test_omission
    assert(true)
    omit("not now")
    assert(false)
  end

  def test_omission_of_a_block
    omit("this part") { assert(false) }
    assert(true)
  end

  def test_pending
    pend("not yet")
  end

  def test_pending_that_holds
    pend("fixed by now") { assert(true) }
  end

  def test_notification
    notify("look here")
    assert(true)
  end

  def test_notification_and_failure
    notify("before it fails")
    flunk("failed")
  end

  def test_timeout_is_an_error
    raise Timeout::Error, "late" if defined?(Timeout::Error)

    raise "late"
  end

  test "described in words" do
    assert(true)
  end

  test "bytes that are no text" do
    assert(false, "\xff\xfe")
  end
end

class TestFixtures < Test::Unit::TestCase
  def setup
    raise "no set-up" if method_name == "test_setup_error"
  end

  def teardown
    raise "no tear-down" if method_name.start_with?("test_teardown")
  end

  def cleanup
    assert(method_name != "test_cleanup_failure")
  end

  def test_setup_error; end

  def test_teardown_error; end

  def test_teardown_after_failure
    assert(false)
  end

  def test_cleanup_failure; end
end

class TestEmpty < Test::Unit::TestCase
end

class TestRedefined < Test::Unit::TestCase
  def test_twice
    assert(false)
  end

  remove_method(:test_twice)

  def test_twice
    assert(true)
  end
end
