# frozen_string_literal: true

require "test/unit"
require "timeout"

class TestProcesses < Test::Unit::TestCase
  def test_a_child_with_a_block
    pid = fork { exit!(3) }
    assert_equal(3, Process.wait2(pid)[1].exitstatus)
  end

  def test_a_child_that_exits
    pid = fork { exit(4) }
    assert_equal(4, Process.wait2(pid)[1].exitstatus)
  end

  def test_a_thread
    assert_equal([Thread.main], Thread.list.select(&:alive?) & [Thread.main])
    assert_equal(1, Thread.new { 1 }.value)
  end

  def test_a_timeout
    assert_raise(Timeout::Error) { Timeout.timeout(0.001) { sleep } }
  end

  def test_a_command
    assert_equal("hello\n", `echo hello`)
  end
end
