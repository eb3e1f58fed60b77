require "test/unit"

class TestOutcomes < Test::Unit::TestCase
  class Odd < StandardError; end

  def test_pass; assert_equal 4, 2 + 2; assert true; assert_not_nil 1; end
  def test_no_assertion; end
  def test_failure; assert_equal({ a: [1, 2], b: "x" }, { a: [1, 3], b: "x" }); end
  def test_failure_with_message; assert(false, "it is false"); end
  def test_long_diff; assert_equal("a\n" * 20, "a\n" * 10 + "b\n" + "a\n" * 9); end
  def test_error; raise Odd, "not even"; end
  def test_error_without_message; raise Odd; end
  def test_no_method; nil.nothing_of_this_name; end
  def test_omission; omit "not here"; assert false; end
  def test_omission_if; omit_if true, "since it is true"; end
  def test_omission_block; omit("with a block") { assert false }; assert true; end
  def test_pending; pend "to be done"; end
  def test_pending_block; pend("to be mended") { assert false }; end
  def test_pending_block_that_passes; pend("done after all") { assert true }; end
  def test_notification; notify "by the way"; assert true; end
  def test_notification_and_failure; notify "by the way"; assert false; end
  def test_raises; assert_raise(ArgumentError) { raise ArgumentError, "x" }; end
  def test_raises_other; assert_raise(ArgumentError) { raise "x" }; end
  def test_unicode_ü_名; assert_equal "ü", "u"; end
  def test_binary; assert_equal "\xff\x00".b, "\xfe".b; end
  def test_throws; assert_throw(:done) { throw :done }; end
  def test_block; assert_block("block") { false }; end
  def test_output; puts "out"; warn "err"; assert false; end

  test("described: with spaces (and pairs) [and brackets]") { assert true }
  test "described and failing" do
    assert_in_delta 1.0, 2.0, 0.1
  end
  description "described by a line before it"
  def test_with_description; assert true; end

  def test_exit; assert_raise(SystemExit) { exit 3 }; end
end
