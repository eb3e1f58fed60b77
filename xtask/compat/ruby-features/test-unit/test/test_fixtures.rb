require "test/unit"

class TestFixtures < Test::Unit::TestCase
  class << self
    attr_reader :started
    def startup; raise "started twice" if @started; @started = Object.new; end
    def shutdown; @started = nil; end
  end

  setup { @first = true }
  setup(after: :append) { @second = @first }
  teardown { assert @second }
  cleanup { assert_not_nil @second }
  def setup; @own = [1]; end
  def teardown; @own = nil; end

  10.times do |i|
    define_method("test_#{i}") { assert_not_nil self.class.started; assert @second; assert_equal [1], @own }
  end

  # Those below see what the class above them has started.
  sub_test_case "within" do
    def test_inherits; assert_not_nil TestFixtures.started; end
    sub_test_case "deeper (still)" do
      def test_inherits_too; assert_not_nil TestFixtures.started; end
    end
  end
end

class TestFixtureErrors < Test::Unit::TestCase
  sub_test_case "set-up" do
    def setup; raise "in set-up"; end
    def test_never; flunk; end
  end
  sub_test_case "set-up that fails" do
    def setup; assert false; end
    def test_never; flunk; end
  end
  sub_test_case "set-up that omits" do
    def setup; omit "none of these"; end
    def test_omitted; flunk; end
  end
  sub_test_case "tear-down" do
    def teardown; raise "in tear-down"; end
    def test_passes; assert true; end
    def test_fails; assert false; end
  end
end
