# frozen_string_literal: true

module PacelineWorker
  # Says in the protocol's words what test-unit found wrong with a test.
  class TestUnitFaults
    # Worst first: how a fault counts, and test-unit's finer word where it has one.
    KINDS = { "Failure" => ["failed", nil], "Error" => ["errored", nil], "Pending" => %w[skipped pending],
              "Omission" => %w[skipped omission], "Notification" => %w[passed notification] }.freeze
    private_constant :KINDS

    # `faults` are pairs of a fault and the phase in which it happened.
    def result(faults, assertions, durations)
      return Result.new("passed", nil, assertions, durations) if faults.empty?

      ranks = KINDS.keys
      worst = faults.map { |fault, _| kind(fault) }.min_by { |name| ranks.index(name) }
      outcome, native = KINDS.fetch(worst)
      notes, rest = faults.partition { |fault, _| kind(fault) == "Notification" }
      sections = notes.map { |fault, _| ["Notification", text(fault)] }
      Result.new(outcome, native, assertions, durations, rest.map { |fault, phase| problem(fault, phase) }, sections)
    end

    # As test-unit's console prints it.
    def text(fault)
      require "stringio"
      require "test/unit/ui/console/testrunner"
      io = StringIO.new
      console(io).__send__(brief?(fault) ? :output_fault_in_short : :output_fault_in_detail, fault)
      Report.without_us(io.string)
    rescue StandardError # the console's private methods are others in some version
      fault.long_display.to_s
    end

    private

    def kind(fault)
      KINDS.each_key { |name| return name if fault.is_a?(::Test::Unit.const_get(name)) }
      "Error"
    end

    def brief?(fault)
      fault.is_a?(::Test::Unit::Omission) || fault.is_a?(::Test::Unit::Notification)
    end

    def problem(fault, phase)
      outcome, = KINDS.fetch(kind(fault))
      message = Connection.cut(fault.message.to_s)
      { phase: phase.to_s, outcome: outcome, message: message, text: Connection.cut(text(fault)),
        reason: outcome == "skipped" ? message : nil,
        location: Report.first_location(fault.location) }.compact
    end

    def console(output)
      suite = ::Test::Unit::TestSuite.new("")
      ::Test::Unit::UI::Console::TestRunner.new(suite, output: output, use_color: false, progress_row_max: 79)
    end
  end
end
