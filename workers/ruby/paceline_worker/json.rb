# frozen_string_literal: true

module PacelineWorker
  # JSON, as much as the protocol needs. The `json` library would cost 6 ms of every start, and
  # would be there for tests that forgot to require it.
  module Json
    # A message that cannot be read.
    class Error < StandardError; end

    ESCAPES = Hash.new { |_, char| format("\\u%04x", char.ord) }
                  .update("\"" => "\\\"", "\\" => "\\\\", "\n" => "\\n", "\r" => "\\r", "\t" => "\\t")
    SPECIAL = /["\\\x00-\x1f\x7f]/.freeze
    private_constant :ESCAPES, :SPECIAL

    class << self
      def generate(value)
        case value
        when String then string(value)
        when Symbol then string(value.to_s)
        when Integer then value.to_s
        when Float then value.finite? ? format("%.6f", value) : "null"
        when true, false then value.to_s
        when nil then "null"
        when Hash then "{#{value.map { |key, item| "#{string(key.to_s)}:#{generate(item)}" }.join(",")}}"
        when Array then "[#{value.map { |item| generate(item) }.join(",")}]"
        else string(value.to_s)
        end
      end

      # A JSON string of any text; bytes that are no text are written as `\xNN`.
      def string(text)
        text = utf8(text)
        text = text.gsub(SPECIAL) { |char| ESCAPES[char] } if SPECIAL.match?(text)
        "\"#{text}\""
      end

      # The text in UTF-8.
      def utf8(text)
        if text.encoding == Encoding::UTF_8 || text.encoding == Encoding::US_ASCII
          return text if text.valid_encoding?
        elsif text.encoding != Encoding::BINARY
          begin
            return text.encode(Encoding::UTF_8)
          rescue EncodingError
            # Shown as bytes below.
          end
        end
        text.dup.force_encoding(Encoding::UTF_8).scrub do |bytes|
          bytes.unpack("C*").map { |byte| format("\\x%02X", byte) }.join
        end
      end

      def parse(line)
        Parser.new(line).parse
      end
    end

    # Reads one JSON text. It works on bytes, for positions in those are found at once.
    class Parser
      SPACE = /\G[ \t\r\n]*/n.freeze
      NUMBER = /\G-?\d+(\.\d+)?([eE][-+]?\d+)?/n.freeze
      PLAIN = /\G[^"\\]*/n.freeze
      WORDS = { "true" => true, "false" => false, "null" => nil }.freeze
      UNESCAPED = { "b" => "\b", "f" => "\f", "n" => "\n", "r" => "\r", "t" => "\t" }.freeze
      DEPTH = 100
      private_constant :SPACE, :NUMBER, :PLAIN, :WORDS, :UNESCAPED, :DEPTH

      def initialize(text)
        @text = text.b
        @at = 0
        @depth = 0
      end

      def parse
        result = value
        skip
        fail_here unless @at == @text.bytesize
        result
      end

      private

      def value
        skip
        case @text[@at]
        when "{" then nested { object }
        when "[" then nested { array }
        when "\"" then string
        else word_or_number
        end
      end

      def nested
        @depth += 1
        raise Error, "nested too deeply" if @depth > DEPTH

        @at += 1
        result = yield
        @depth -= 1
        result
      end

      def object
        result = {}
        return result if take("}")

        loop do
          skip
          key = string
          expect(":")
          result[key] = value
          return result if take("}")

          expect(",")
        end
      end

      def array
        result = []
        return result if take("]")

        loop do
          result << value
          return result if take("]")

          expect(",")
        end
      end

      def string
        fail_here unless @text[@at] == "\""
        @at += 1
        result = +""
        loop do
          plain = @text.match(PLAIN, @at)[0]
          @at += plain.bytesize
          result << plain.force_encoding(Encoding::UTF_8)
          case @text[@at]
          when "\"" then break
          when "\\" then result << escape
          else fail_here
          end
        end
        @at += 1
        raise Error, "not UTF-8" unless result.valid_encoding?

        result
      end

      def escape
        char = @text[@at + 1]
        @at += 2
        return UNESCAPED.fetch(char, char).to_s.dup.force_encoding(Encoding::UTF_8) unless char == "u"

        code = code_unit
        if (0xD800..0xDBFF).cover?(code) && @text[@at, 2] == "\\u"
          @at += 2
          code = 0x10000 + ((code - 0xD800) << 10) + (code_unit - 0xDC00)
        end
        [code].pack("U")
      end

      def code_unit
        digits = @text[@at, 4]
        fail_here unless /\A\h{4}\z/.match?(digits)
        @at += 4
        digits.hex
      end

      def word_or_number
        WORDS.each do |name, meaning|
          next unless @text[@at, name.size] == name

          @at += name.size
          return meaning
        end
        match = @text.match(NUMBER, @at)
        fail_here unless match
        @at += match[0].size
        match[1] || match[2] ? match[0].to_f : match[0].to_i
      end

      def take(char)
        skip
        return false unless @text[@at] == char

        @at += 1
        true
      end

      def expect(char)
        fail_here unless take(char)
      end

      def skip
        @at = @text.match(SPACE, @at).end(0)
      end

      def fail_here
        raise Error, "not JSON at byte #{@at}"
      end
    end
  end
end
