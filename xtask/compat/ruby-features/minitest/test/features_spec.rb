require "minitest/autorun"

describe "a cart" do
  let(:items) { [1, 2] }
  before { @total = items.sum }
  after { _(@total).must_equal 3 }

  it("sums") { _(@total).must_equal 3 }
  it("has # signs") { _(items).must_include 2 }
  it("fails") { _(items).must_be_empty }
  it "is not written yet"

  describe "when empty (and nested)" do
    let(:items) { [3] }
    it("sums too") { _(@total).must_equal 3 }
  end

  %w[same same].each { |name| it(name) { _(1).must_equal 1 } }
end

describe Array do
  specify { _([]).must_be_empty }
end
