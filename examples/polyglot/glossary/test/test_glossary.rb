require "test/unit"
require "glossary"

class TestGlossary < Test::Unit::TestCase
  data("blanks and case" => ["The  ferry\nthe", %w[the ferry the]],
       "apostrophes" => ["the ferryman's 'dog'", %w[the ferryman's dog]],
       "other letters" => ["Über-Fähre", %w[über fähre]],
       "nothing" => ["1, 2; 3.", []])
  def test_words((text, words))
    assert_equal(words, Glossary.words(text))
  end

  sub_test_case("of two texts") do
    setup { @glossary = Glossary.new("a" => "the dog", "b" => "The river") }

    test("tells in which texts a word is") do
      assert_equal(%w[a b], @glossary.texts_with("The"))
      assert_equal(%w[b], @glossary.texts_with("river"))
      assert_empty(@glossary.texts_with("ferry"))
    end

    test("tells which words only one of them has") do
      assert_equal(%w[dog], @glossary.only_in("a"))
    end
  end

  # Reads all texts once for all of its tests, which is why they run in one worker.
  sub_test_case("of the texts of this repository") do
    def self.startup
      paths = Dir[File.expand_path("../../texts/*.txt", __dir__)].sort
      @glossary = Glossary.new(paths.map { |path| [File.basename(path, ".txt"), File.read(path)] }.to_h)
    end

    def self.glossary
      @glossary
    end

    test("everything is about the river or the sea") do
      assert_equal(%w[ferry], self.class.glossary.texts_with("ferryman"))
    end

    test("each has words of its own") do
      %w[ferry lighthouse station].each do |name|
        assert_not_empty(self.class.glossary.only_in(name), name)
      end
    end
  end
end
