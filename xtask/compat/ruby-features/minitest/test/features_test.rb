require "minitest/autorun"

class OutcomesTest < Minitest::Test
  def test_pass; assert_equal 4, 2 + 2; assert true; end
  def test_no_assertion; end
  def test_failure; assert_equal({ a: [1, 2] }, { a: [1, 3] }); end
  def test_failure_with_message; assert false, "it is false"; end
  def test_error; raise ArgumentError, "not even"; end
  def test_skip; skip "not here"; end
  def test_skip_without_reason; skip; end
  def test_unicode_ü; assert_equal "ü", "u"; end
  def test_output; puts "out"; warn "err"; assert false; end
  def test_captured; assert_output("x\n") { puts "x" }; end
  def test_raises; assert_raises(KeyError) { {}.fetch(:a) }; end
  def test_raises_other; assert_raises(KeyError) { raise "x" }; end
  def test_mock; mock = Minitest::Mock.new; mock.expect(:call, 1); mock.call; assert_mock mock; end
  def test_exit; assert_raises(SystemExit) { exit 3 }; end
end

class FixturesTest < Minitest::Test
  def setup; @a = 1; end
  def teardown; refute_nil @a; end
  5.times { |i| define_method("test_#{i}") { assert_equal 1, @a } }
end

class SetupErrorTest < Minitest::Test
  def setup; raise "in set-up"; end
  def test_never; flunk; end
end

class TeardownErrorTest < Minitest::Test
  def teardown; raise "in tear-down"; end
  def test_passes; assert true; end
  def test_fails; assert false; end
end

class OrderedTest < Minitest::Test
  i_suck_and_my_tests_are_order_dependent!
  @@seen = []
  %w[a b c d].each { |name| define_method("test_#{name}") { @@seen << name; assert_equal name, ("a".."d").to_a[@@seen.size - 1] } }
end

class ParallelTest < Minitest::Test
  parallelize_me!
  10.times { |i| define_method("test_#{i}") { assert i != 4 } }
end

module Shared
  def test_shared; assert_equal 2, value; end
end

class BaseTest < Minitest::Test
  include Shared
  def value; 2; end
end

class DerivedTest < BaseTest
  def value; 3; end
end

class ClassFixtureTest < Minitest::Test
  def self.run(*)
    @ready = true
    super
  ensure
    @ready = false
  end
  class << self; attr_reader :ready; end
  5.times { |i| define_method("test_#{i}") { assert self.class.ready } }
end
