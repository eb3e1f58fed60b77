# frozen_string_literal: true

require "test/unit"

class TestMarks < Test::Unit::TestCase
  priority :low
  attribute :speed, :slow
  def test_attribute
    assert_equal(:slow, self[:speed])
    assert_equal(:low, self[:priority])
  end

  attribute :parallel, false
  def test_by_itself
    assert(true)
  end

  attribute :paceline, { needs: "database", retries: 2 }
  def test_with_needs
    assert(true)
  end
end

class TestInOrder < Test::Unit::TestCase
  self.test_order = :defined

  def test_z
    assert(true)
  end

  def test_a
    assert(true)
  end
end
