# frozen_string_literal: true

require "test/unit"

class TestData < Test::Unit::TestCase
  data("one" => 1, "two" => 2, "label with \"quotes\" and \\" => 3)
  def test_hash(value)
    assert(value < 3)
  end

  data("empty" => 1, "umlaut \u00e4" => 2)
  def test_labels(_value)
    assert(true)
  end

  data do
    { "proc" => -> { 1 }, "io" => $stdout, "class" => Class.new }
  end
  def test_what_cannot_travel(value)
    assert_not_nil(value)
  end

  data(:a, [1, 2])
  data(:b, [3, 4])
  def test_matrix(data)
    assert_not_nil(data)
  end
end
