# frozen_string_literal: true

module PacelineWorker
  # How a test ended, as its driver saw it.
  Result = Struct.new(:outcome, :native, :assertions, :durations, :problems, :sections)

  # Writes `test_finished`.
  module Report
    NOT_THE_SUITE = %r{\A<internal:|/kernel_require\.rb:|/test/unit/(?:collector|autorunner|testcase)}.freeze
    # Where minitest finds no other place.
    OUR_PLACE = / \[#{Regexp.escape(__dir__)}[^\]\n]*\]/.freeze
    private_constant :NOT_THE_SUITE, :OUR_PLACE

    module_function

    def line(unit, index, result, sections)
      set_up, call, tear_down = result.durations.map { |seconds| (seconds * 1e6).round }
      # There are many of them, and whole numbers are written fastest.
      line = +"{\"kind\":\"test_finished\",\"unit\":#{unit},\"test\":#{index},\"outcome\":\"#{result.outcome}\"," \
              "\"durations\":[#{set_up}e-6,#{call}e-6,#{tear_down}e-6]"
      line << ",\"assertions\":#{result.assertions}" if result.assertions.positive?
      line << ",\"native\":\"#{result.native}\"" if result.native
      line << ",\"problems\":#{Json.generate(result.problems)}" if result.problems && !result.problems.empty?
      sections = (result.sections || []) + (sections || [])
      line << ",\"sections\":#{Json.generate(sections)}" unless sections.empty?
      line << "}\n"
    end

    # A file's failure to load, with the frames that are the suite's.
    def load_text(error)
      frames = (error.backtrace || []).take_while { |line| !line.start_with?(__dir__) }
      frames.reject! { |line| line.match?(NOT_THE_SUITE) }
      Connection.cut(["#{error.class}: #{error.message}".chomp, *frames.map { |line| "    #{line}" }].join("\n"))
    end

    # A text without lines about this program. The frameworks' filters leave some in where they are
    # installed in unusual places.
    def without_us(text)
      return text unless text.include?(__dir__)

      text.lines.reject { |line| line.lstrip.start_with?(__dir__) }.join.gsub(OUR_PLACE, "")
    end

    # Where the first line of a backtrace that says a place is.
    def first_location(lines)
      (lines || []).each do |line|
        place = location(line)
        return place if place
      end
      nil
    end

    # Where an error comes from; a syntax error says it in its message.
    def location_of(error)
      entries = error.backtrace || []
      entries = [error.message] + entries if error.is_a?(SyntaxError)
      first_location(entries)
    end

    # `{file, line}` of a line of a backtrace.
    def location(entry)
      match = /\A([^<\n][^\n]*?):(\d+)(?::|$)/.match(entry.to_s)
      return nil if match.nil? || match[1].start_with?(__dir__)

      { file: File.expand_path(match[1]), line: match[2].to_i }
    end
  end
end
