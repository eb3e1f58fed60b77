# frozen_string_literal: true

module PacelineWorker
  # Arguments that mean the same for both frameworks, and the files that paths stand for.
  module Arguments
    @relative = Hash.new do |known, path|
      root = "#{Dir.pwd}/"
      absolute = File.expand_path(path)
      known[path] = absolute.start_with?(root) ? absolute[root.size..-1] : absolute
    end

    module_function

    # Takes `names` with their values out of `args`: `-I lib`, `-Ilib`, `--seed 3`, `--seed=3`.
    def take(args, *names)
      values = []
      rest = []
      queue = args.dup
      until queue.empty?
        arg = queue.shift
        break rest.concat([arg], queue) if arg == "--"

        name = names.find { |each| arg == each || (arg.start_with?(each.start_with?("--") ? "#{each}=" : each)) }
        if name.nil?
          rest << arg
        elsif arg == name
          values << queue.shift.to_s
        else
          values << arg[name.size..-1].sub(/\A=/, "")
        end
      end
      args.replace(rest)
      values
    end

    # Takes the paths out of `args`: what is no option, nor the value of one of `valued`.
    def take_paths(args, valued)
      paths = []
      rest = []
      queue = args.dup
      until queue.empty?
        arg = queue.shift
        if arg == "--"
          paths.concat(queue)
          break
        elsif arg.start_with?("-")
          rest << arg
          rest << queue.shift if valued.include?(arg) && !queue.empty?
        else
          paths << arg
        end
      end
      args.replace(rest)
      paths
    end

    # Puts the directories of `-I` options first on the load path, in their order.
    def extend_load_path(values)
      directories = values.flat_map { |value| value.split(File::PATH_SEPARATOR) }
      $LOAD_PATH.unshift(*directories.map { |directory| File.expand_path(directory) })
    end

    # The files of paths, which may be directories and globs, in their order, each once.
    def files(paths, patterns)
      paths.flat_map do |path|
        if File.directory?(path)
          Dir.glob(patterns.map { |pattern| File.join(path, "**", pattern) }).sort
        elsif File.exist?(path) || !path.match?(/[*?\[{]/)
          [path]
        else
          Dir.glob(path).sort
        end
      end.uniq
    end

    # A path as messages have it: relative to the directory where the suite is if it is below it.
    def relative(path)
      Arguments.instance_variable_get(:@relative)[path]
    end
  end
end
