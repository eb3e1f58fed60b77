# frozen_string_literal: true

module PacelineWorker
  # How a test ended, as its driver saw it.
  Result = Struct.new(:outcome, :native, :assertions, :durations, :problems, :sections)

  # Writes `test_finished`.
  module Report
    module_function

    def line(unit, index, result, sections)
      durations = result.durations
      line = format('{"kind":"test_finished","unit":%d,"test":%d,"outcome":"%s","durations":[%.6f,%.6f,%.6f]',
                    unit, index, result.outcome, durations[0], durations[1], durations[2])
      line << ",\"assertions\":#{result.assertions}" if result.assertions.positive?
      line << ",\"native\":\"#{result.native}\"" if result.native
      line << ",\"problems\":#{Json.generate(result.problems)}" if result.problems && !result.problems.empty?
      sections = (result.sections || []) + (sections || [])
      line << ",\"sections\":#{Json.generate(sections)}" unless sections.empty?
      line << "}\n"
    end

    # Where an error comes from; a syntax error says it in its message.
    def location_of(error)
      entries = error.backtrace || []
      entries = [error.message] + entries if error.is_a?(SyntaxError)
      entries.each do |entry|
        place = location(entry)
        return place if place
      end
      nil
    end

    # `{file, line}` of a line of a backtrace.
    def location(entry)
      match = /\A([^<\n][^\n]*?):(\d+)(?::|$)/.match(entry.to_s)
      match && { file: File.expand_path(match[1]), line: match[2].to_i }
    end
  end
end
