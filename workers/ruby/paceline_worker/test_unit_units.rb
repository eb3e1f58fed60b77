# frozen_string_literal: true

module PacelineWorker
  # Finds the units in test-unit's tree of suites, in the order in which it would run them.
  class TestUnitUnits
    def initialize(split, settings, on_error)
      @split = split
      @settings = settings
      @on_error = on_error
      @keys = UniqueNames.new
      @ids = UniqueNames.new
      @of_classes = {}
      @paths = {}
      @units = []
    end

    def of(suite)
      walk(suite)
      @units
    end

    # Whether a class does something before its first or after its last test.
    def self.class_fixture?(test_case)
      return false if test_case.nil?

      plain = ::Test::Unit::TestCase.singleton_class
      %i[startup shutdown].any? { |name| test_case.method(name).owner != plain }
    rescue NameError # no class of test-unit's
      true
    end

    private

    def walk(suite)
      return add(suite, leaves(suite)) if TestUnitUnits.class_fixture?(suite.test_case)

      own = []
      suite.tests.each do |test|
        if test.is_a?(::Test::Unit::TestSuite)
          own = add(suite, own)
          walk(test)
        else
          own << test
        end
      end
      add(suite, own)
    end

    def leaves(suite)
      suite.tests.flat_map { |test| test.is_a?(::Test::Unit::TestSuite) ? leaves(test) : [test] }
    end

    def add(suite, tests)
      return [] if tests.empty?

      fixture = TestUnitUnits.class_fixture?(suite.test_case) || Settings.together?(suite.test_case)
      first_file = nil
      described = tests.map do |test|
        file, line = place(test)
        first_file ||= file
        id = @ids.name(test.name.to_s)
        Test.new(id, test, file, line, nil, settings(test, id))
      end
      path = first_file || "."
      group = group(fixture, path)
      described.each { |test| test.group = group } if group
      @units << Unit.new(@keys.name(suite.name.to_s), path, suite, described)
      []
    end

    def group(fixture, path)
      case @split
      when "test" then nil
      when "file" then "group:#{path}"
      when "class" then "class"
      else fixture ? "class" : nil
      end
    end

    def place(test)
      file, line = test.class.instance_method(test.method_name).source_location
      path = @paths.fetch(file) { @paths[file] = path_of(file) }
      path && [path, line]
    rescue NameError
      nil
    end

    def path_of(file)
      # What test-unit defines by itself stands for files that could not be loaded.
      file.nil? || file.include?("/test/unit/collector/") ? nil : Arguments.relative(file)
    end

    def settings(test, id)
      @settings.of(id, own_settings(test, id))
    end

    def own_settings(test, id)
      own = (@of_classes[test.class] ||= [class_settings(test.class)]).first
      return own unless TestUnitParts.attributes_seen?

      own = { "serial" => true }.merge(own || {}) if test[:parallel] == false
      test[:paceline] ? (own || {}).merge(Settings.read(test[:paceline])) : own
    rescue ArgumentError => e
      @on_error.call({ id: id, message: e.message, text: "#{id}: #{e.message}" })
      nil
    end

    def class_settings(test_case)
      own = Settings.of_class(test_case)
      safe = !test_case.respond_to?(:parallel_safe?) || test_case.parallel_safe?
      safe ? own : { "serial" => true }.merge(own || {})
    end
  end
end
