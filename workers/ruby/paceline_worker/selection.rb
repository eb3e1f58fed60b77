# frozen_string_literal: true

module PacelineWorker
  # Which tests the command line has asked for, besides what the framework's own options choose.
  class Selection
    def initialize(only, deselect, ignore, keyword)
      @only = only.map { |text| Target.new(text) }
      @deselect = deselect.map { |text| Target.new(text) }
      @ignore = ignore.map { |path| Arguments.relative(path) }
      @keyword = keyword && Keyword.new(keyword)
    end

    # Leaves the tests in `units` that are asked for, and no unit without tests.
    def apply(units)
      return units if everything?

      units.each { |unit| unit.tests.select! { |test| wanted?(unit, test) } }
      units.reject { |unit| unit.tests.empty? }
    end

    # Whether a file is left out as a whole.
    def ignored?(file)
      @ignore.any? { |path| Selection.below?(file, path) }
    end

    def self.below?(file, path)
      file == path || path == "." || file.start_with?("#{path.chomp("/")}/")
    end

    private

    def everything?
      @only.empty? && @deselect.empty? && @ignore.empty? && @keyword.nil?
    end

    def wanted?(unit, test)
      file = test.file || unit.path
      return false if ignored?(file) || @deselect.any? { |target| target.holds?(file, test) }
      return false unless @only.empty? || @only.any? { |target| target.holds?(file, test) }

      @keyword.nil? || @keyword.fits?("#{file} #{test.id}")
    end

    # `PATH`, `PATH:LINE`, `PATH::NAME` or a name: an id, `CLASS#METHOD`, or `CLASS`, with the cases
    # within it.
    class Target
      def initialize(text)
        path, name = text.split("::", 2)
        if File.exist?(text)
          @path = text
        elsif text =~ /\A(.+):(\d+)\z/ && File.file?(Regexp.last_match(1))
          @path = Regexp.last_match(1)
          @line = Integer(Regexp.last_match(2))
        elsif name && File.exist?(path)
          @path = path
          @name = name
        else
          @name = text
        end
        @path = Arguments.relative(@path) if @path
      end

      def holds?(file, test)
        return false if @path && !Selection.below?(file, @path)
        return at_line?(file, test) if @line

        @name.nil? || named?(test.id)
      end

      private

      def named?(id)
        return true if id == @name

        class_name, name = Selection.parts(id)
        return false if class_name.nil?
        return true if class_name == @name || class_name.start_with?("#{@name}::")

        ["#{class_name}##{name}", "#{class_name}##{name.sub(/\[.*\]\z/m, "")}"].include?(@name)
      end

      # A test is what stands between its first line and that of the next definition of a test.
      def at_line?(file, test)
        return false if test.line.nil? || test.line > @line

        file_lines(file).none? { |line| line > test.line && line <= @line }
      end

      def file_lines(file)
        @lines ||= Hash.new do |known, path|
          text = File.binread(path)
          definition = /^\s*(def\s+test|(test|it|should|data|sub_test_case|describe|context|class|module)\b)/
          known[path] = text.each_line.each_with_index.select { |line, _| line.match?(definition) }.map { |_, at| at + 1 }
        end
        @lines[file]
      end
    end

    # The class and the test of `test_x[label](TestFoo)` and `TestFoo#test_x`.
    def self.parts(id)
      id = id.sub(/ #\d+\z/, "")
      return id.split("#", 2) unless id.end_with?(")")

      id.each_char.with_index do |char, at|
        next unless char == "("

        name = id[0...at]
        inner = id[at + 1...-1]
        next unless inner.match?(/\A[[:upper:]#]/) && inner.count("(") == inner.count(")") &&
                    name.count("[") == name.count("]")

        return [inner, name]
      end
      nil
    end

    # An expression of names: `cart and not (slow or net)`. A name fits where it is part of the text,
    # whatever the case of its letters.
    class Keyword
      def initialize(text)
        @tokens = text.scan(/\(|\)|[^\s()]+/)
        @tree = alternative
        raise ArgumentError, "cannot read the expression `#{text}`" unless @tokens.empty?
      end

      def fits?(text)
        @tree.call(text.downcase)
      end

      private

      def alternative
        terms = [conjunction]
        terms << conjunction while take("or")
        ->(text) { terms.any? { |term| term.call(text) } }
      end

      def conjunction
        terms = [negation]
        terms << negation while take("and")
        ->(text) { terms.all? { |term| term.call(text) } }
      end

      def negation
        if take("not")
          inner = negation
          return ->(text) { !inner.call(text) }
        end
        if take("(")
          inner = alternative
          raise ArgumentError, "the expression lacks a `)`" unless take(")")

          return inner
        end
        word = @tokens.shift
        raise ArgumentError, "the expression lacks a name" if word.nil? || %w[and or )].include?(word)

        word = word.downcase
        ->(text) { text.include?(word) }
      end

      def take(token)
        @tokens.shift if @tokens.first == token
      end
    end
  end
end
