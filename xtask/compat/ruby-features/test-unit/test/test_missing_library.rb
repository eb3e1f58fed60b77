require "nothing_of_this_name"
