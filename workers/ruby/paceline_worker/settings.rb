# frozen_string_literal: true

module PacelineWorker
  # The settings of a test: what it says of itself, then what the suite's overrides say.
  class Settings
    FIELDS = %w[needs serial weight timeout retries isolation].freeze
    private_constant :FIELDS

    class << self
      # Whether a test with these settings waits until the engine asks for it.
      def held_back?(settings)
        settings["serial"] == true || settings.key?("needs") || settings.fetch("weight", 1) > 1 ||
          settings.key?("isolation")
      end
    end

    def initialize(overrides)
      @overrides = overrides.map { |override| [pattern(override["tests"].to_s), override] }
    end

    # The `paceline` object of a test; nil where nothing is said. `own` is what the test says of
    # itself, by names; nil as a value undoes what an override says.
    def of(id, own)
      return nil if own.nil? && @overrides.empty?

      said = own || {}
      result = {}
      FIELDS.each do |field|
        if said.key?(field)
          result[field] = said[field]
        else
          _, override = @overrides.reverse_each.find { |regexp, each| each.key?(field) && regexp.match?(id) }
          result[field] = override[field] if override
        end
      end
      result.delete_if { |field, value| value.nil? || (field == "needs" && value.empty?) }
      result.empty? ? nil : result
    end

    # What a class says of itself: `def self.paceline; { serial: true }; end`; nil for nothing.
    def self.of_class(klass)
      klass.respond_to?(:paceline) ? read(klass.paceline) : nil
    end

    # Whether a class asks for its tests to stay together.
    def self.together?(klass)
      klass.respond_to?(:paceline) && klass.paceline.is_a?(Hash) && klass.paceline[:together] ? true : false
    end

    # A suite's own words in the form of messages. Raises ArgumentError for what cannot be understood.
    def self.read(said)
      raise ArgumentError, "settings have to be a hash, not #{said.inspect}" unless said.is_a?(Hash)

      said.each_with_object({}) do |(name, value), result|
        field = name.to_s
        next if field == "together"

        raise ArgumentError, "there is no setting #{field}" unless FIELDS.include?(field)

        result[field] = check(field, value)
      end
    end

    def self.check(field, value)
      fits =
        case field
        when "needs" then return needs(value)
        when "serial" then [true, false, nil].include?(value)
        when "weight" then value.nil? || (value.is_a?(Integer) && value >= 1)
        when "retries" then value.nil? || (value.is_a?(Integer) && value >= 0)
        when "timeout" then value.nil? || value.is_a?(Numeric) || value.is_a?(String)
        when "isolation" then value.nil? || %w[worker file test].include?(value.to_s)
        end
      raise ArgumentError, "#{field} cannot be #{value.inspect}" unless fits

      field == "isolation" && value ? value.to_s : value
    end
    private_class_method :check

    def self.needs(value)
      case value
      when nil then nil
      when String, Symbol then [value.to_s]
      when Array then value.map(&:to_s)
      when Hash then value.map { |name, amount| [name.to_s, amount.is_a?(Symbol) ? amount.to_s : amount] }.to_h
      else raise ArgumentError, "needs cannot be #{value.inspect}"
      end
    end
    private_class_method :needs

    private

    # `*` is any text, `?` any character, everything else itself.
    def pattern(text)
      parts = text.scan(/[*?]|[^*?]+/m).map { |part| { "*" => ".*", "?" => "." }[part] || Regexp.escape(part) }
      Regexp.new("\\A#{parts.join}\\z", Regexp::MULTILINE)
    end
  end
end
