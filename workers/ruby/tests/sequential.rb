# frozen_string_literal: true

# Runs a suite plainly, with the framework's own runner in one process, and writes what happened:
#
#     ruby [-I DIR] sequential.rb test-unit|minitest RESULTS.json ARGUMENTS...
#
# RESULTS.json is a list of [id, outcome, native, assertions], in the order of the run.
require "json"

module Recorder
  RESULTS = []

  def self.save(path)
    File.write(path, JSON.generate(RESULTS.map { |id, *rest| [text(id), *rest] }))
  end

  # Bytes that are no text are written as the worker writes them.
  def self.text(id)
    id.dup.force_encoding("UTF-8").scrub do |bytes|
      bytes.unpack("C*").map { |byte| format("\\x%02X", byte) }.join
    end
  end
end

# For test-unit: listens to the mediator.
class TestUnitListener
  KINDS = { "Failure" => ["failed", nil], "Error" => ["errored", nil], "Pending" => %w[skipped pending],
            "Omission" => %w[skipped omission], "Notification" => %w[passed notification] }.freeze

  def attach_to_mediator(mediator)
    mediator.add_listener(Test::Unit::UI::TestRunnerMediator::STARTED) { |result| @result = result }
    mediator.add_listener(Test::Unit::TestResult::FAULT) { |fault| fault(fault) }
    mediator.add_listener(Test::Unit::TestCase::STARTED_OBJECT) do |_test|
      @faults = []
      @assertions = @result.assertion_count
    end
    mediator.add_listener(Test::Unit::TestCase::FINISHED_OBJECT) { |test| finished(test) }
  end

  private

  def fault(fault)
    name = KINDS.keys.find { |each| fault.is_a?(Test::Unit.const_get(each)) }
    return Recorder::RESULTS << ["(#{fault.test_name})", "errored", nil, 0] if @faults.nil?

    @faults << name
  end

  def finished(test)
    worst = KINDS.keys.find { |name| @faults.include?(name) }
    outcome, native = worst ? KINDS.fetch(worst) : ["passed", nil]
    Recorder::RESULTS << [test.name, outcome, native, @result.assertion_count - @assertions]
    @faults = nil
  end
end

framework = ARGV.shift
output = ARGV.shift
case framework
when "test-unit"
  require "test/unit"
  runner = Test::Unit::AutoRunner.new(true) { |auto_runner| auto_runner.listeners << TestUnitListener.new }
  runner.prepare
  runner.process_args(ARGV)
  passed = runner.run
  Recorder.save(output)
  exit(passed)
when "minitest"
  require "minitest/autorun"
  pid = Process.pid
  reporter = Class.new(Minitest::AbstractReporter) do
    def record(result)
      outcome = case result.failures.first
                when nil then "passed"
                when Minitest::Skip then "skipped"
                when Minitest::UnexpectedError then "errored"
                else "failed"
                end
      Recorder::RESULTS << ["#{result.class_name}##{result.name}", outcome, nil, result.assertions]
    end
  end
  Minitest.define_singleton_method(:plugin_recorder_init) { |_options| Minitest.reporter << reporter.new }
  Minitest.load_plugins if Minitest::VERSION < "6"
  Minitest.extensions << "recorder"
  Minitest.after_run { Recorder.save(output) if Process.pid == pid }
  files = ARGV.take_while { |argument| argument != "--" }
  ARGV.shift(files.size + 1)
  pattern = File.join("**", "{test_*,*_test,spec_*,*_spec}.rb")
  files = files.flat_map { |file| File.directory?(file) ? Dir[File.join(file, pattern)].sort : [file] }
  files.each { |file| require File.expand_path(file) }
end
