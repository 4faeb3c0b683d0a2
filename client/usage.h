// What the program says of itself: help, and what is wrong with arguments.
#ifndef RNNFARM_CLIENT_USAGE_H_
#define RNNFARM_CLIENT_USAGE_H_

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace rnnfarm::client {

// "rnnfarm jobs list"
std::string FullName(const CLI::App* command);
// The deepest command that the parsed arguments name.
const CLI::App* Reached(const CLI::App& app);
std::vector<std::string> CommandNames(const CLI::App& command);
// Options of the command and of those above it, "--state" and "-o", without "-h".
std::vector<const CLI::Option*> OptionsOf(const CLI::App* command);

// The command's help in lines of at most `width` columns. Lines of an example go on after "\".
std::string Help(const CLI::App& command, size_t width);

// That a value is one of these; an error names the nearest and lists them.
CLI::Validator OneOf(const std::vector<std::string>& names);

// That a value is a number from `low` to `high`.
CLI::Validator Between(double low, double high);

// What of the environment is no value of the option that it stands for, or empty; of what was given
// as an argument the environment is not asked.
std::string EnvironmentMistake(CLI::App& app, const std::vector<std::string>& arguments);

// Why the arguments could not be parsed, with the nearest name of a mistaken command or option.
std::string ExplainUsage(const CLI::ParseError& error, const CLI::App& app);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_USAGE_H_
