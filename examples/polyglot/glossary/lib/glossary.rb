# The words of some texts, each with the texts that it is in.
class Glossary
  # The words of a text, in lower case, in the order in which they stand.
  def self.words(text)
    text.downcase.scan(/[[:alpha:]]+(?:'[[:alpha:]]+)*/)
  end

  # `texts` are texts by their names.
  def initialize(texts)
    @names = Hash.new { |known, word| known[word] = [] }
    texts.each do |name, text|
      Glossary.words(text).uniq.each { |word| @names[word] << name }
    end
  end

  # The names of the texts with this word.
  def texts_with(word)
    @names.fetch(word.downcase, [])
  end

  # The words that are in this text alone, sorted.
  def only_in(name)
    @names.select { |_, names| names == [name] }.keys.sort
  end
end
