# frozen_string_literal: true

# Runs the tests of a Ruby suite over paceline's worker protocol, version 1 (docs/protocol.md):
#
#     ruby [-I DIR] [-r LIBRARY] main.rb test-unit|minitest
#
# Standard library only, and as little of that as possible: what is loaded here is loaded for the
# tests as well. `PACELINE_*` in the environment says what this process is to do.

# A collection while the framework loads finds next to nothing; Program#load_framework ends this.
GC.disable
require_relative "program"

PacelineWorker::Program.new(ARGV.dup).run
