# frozen_string_literal: true

require "minitest/autorun"

describe "Thing" do
  before { @thing = [1] }

  it "is there" do
    _(@thing).must_equal [1]
  end

  it "says \"quotes\" and \\" do
    assert true
  end

  describe "inside" do
    it "is there too" do
      _(@thing.size).must_equal 1
    end

    it "fails" do
      _(@thing).must_be_empty
    end
  end
end

describe "Thing" do
  it "is described twice" do
    assert true
  end
end

describe Array, "as a class" do
  let(:list) { [3] }

  it "has a subject" do
    _(list).must_include 3
  end

  it "is not written yet"
end
