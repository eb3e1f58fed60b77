require "test/unit"

class TestData < Test::Unit::TestCase
  data("one" => 1, "two words" => 2, "(three) [3]" => 3)
  def test_hash(number); assert number < 3; end

  data("a", [1, 2])
  data("b", [3, 4])
  def test_pairs((first, second)); assert_equal first + 1, second; end

  data { { "from a block" => proc { 1 }, "an IO" => $stdout } }
  def test_block(value); assert_not_nil value; end

  data(:x, [1, 2, 3])
  data(:y, %w[a b])
  def test_matrix(data); assert_not_equal [2, "b"], [data[:x], data[:y]]; end

  data("ü" => "\u00fc", "line\nbreak" => "\n")
  def test_labels(text); assert_equal 1, text.size; end

  def test_data_none; assert_nil data_label; end
end
