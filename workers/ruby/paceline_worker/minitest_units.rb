# frozen_string_literal: true

module PacelineWorker
  # Finds minitest's classes with their tests, in the order in which it would run them with its seed.
  class MinitestUnits
    # Methods named `run` of these do nothing before or after all tests of a class.
    INDIFFERENT = %w[Rails::LineFiltering].freeze
    ORDERED = %i[alpha sorted].freeze
    private_constant :INDIFFERENT, :ORDERED

    # The class method that runs all tests of a class: another one from minitest 6.
    RUN = ::Minitest::Runnable.respond_to?(:run_suite) ? :run_suite : :run

    # Whether a class has a way of its own to run all its tests: it does something before or after.
    def self.class_fixture?(klass)
      owner = klass.method(RUN).owner
      owner != ::Minitest::Runnable.singleton_class && !INDIFFERENT.include?(owner.to_s)
    end

    def initialize(split, settings, run_options, on_error)
      @split = split
      @settings = settings
      @run_options = run_options
      @on_error = on_error
      @keys = UniqueNames.new
      @ids = UniqueNames.new
    end

    def all
      suites = ::Minitest::Runnable.runnables
      # Before 5.16 classes without tests were left out before the others were shuffled.
      suites = suites.reject { |klass| klass.runnable_methods.empty? } unless ::Minitest.respond_to?(:seed)
      suites = suites.shuffle
      parallel, serial = suites.partition { |klass| order(klass) == :parallel }
      (serial + parallel).map { |klass| unit(klass) }.compact
    end

    private

    def order(klass)
      if klass.respond_to?(:run_order) then klass.run_order
      elsif klass.respond_to?(:test_order) then klass.test_order
      end
    end

    def unit(klass)
      methods = filter(klass)
      return nil if methods.empty?

      name = klass.name.to_s
      path = nil
      tests = methods.map do |method|
        file, line = place(klass, method)
        path ||= file
        id = @ids.name("#{name}##{method}")
        Test.new(id, method, file, line, nil, settings(klass, id))
      end
      path ||= "."
      group = group(klass, path)
      tests.each { |test| test.group = group } if group
      Unit.new(@keys.name(name.empty? ? "anonymous" : name), path, klass, tests)
    end

    # The methods that the options select.
    def filter(klass)
      return klass.filter_runnable_methods(@run_options) if klass.respond_to?(:filter_runnable_methods)

      wanted = pattern(@run_options[:filter])
      unwanted = pattern(@run_options[:exclude])
      klass.runnable_methods.select do |method|
        (wanted.nil? || wanted === method || wanted === "#{klass}##{method}") &&
          !(unwanted === method || unwanted === "#{klass}##{method}")
      end
    end

    def pattern(text)
      text.is_a?(String) && text =~ %r{/(.*)/} ? Regexp.new(Regexp.last_match(1)) : text
    end

    def place(klass, method)
      file, line = klass.instance_method(method).source_location
      file && [Arguments.relative(file), line]
    rescue NameError
      nil
    end

    def group(klass, path)
      case @split
      when "test" then nil
      when "file" then "group:#{path}"
      when "class" then "class"
      else
        fixture = MinitestUnits.class_fixture?(klass) || Settings.together?(klass)
        fixture || ORDERED.include?(order(klass)) ? "class" : nil
      end
    end

    def settings(klass, id)
      own = Settings.of_class(klass)
      own = { "serial" => true }.merge(own || {}) if klass.respond_to?(:parallel_safe?) && !klass.parallel_safe?
      @settings.of(id, own)
    rescue ArgumentError => e
      @on_error.call({ id: id, message: e.message, text: "#{id}: #{e.message}" })
      nil
    end
  end
end
