#include "client/man_page.h"

#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/build_info.h"
#include "client/config.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

// The bytes of a code point beyond ASCII begin with 11, the others of it with 10.
bool BeginsCodePoint(char byte) { return (byte & 0xC0) == 0xC0; }
bool GoesOn(char byte) { return (byte & 0xC0) == 0x80; }

// Code points beyond ASCII by number, as roff knows them whatever its input's encoding.
std::string Numbered(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!BeginsCodePoint(text[i])) {
      out += text[i];
      continue;
    }
    const int bytes = (text[i] & 0xF0) == 0xF0 ? 4 : (text[i] & 0xE0) == 0xE0 ? 3 : 2;
    uint32_t point = text[i] & (0xFF >> (bytes + 1));
    while (i + 1 < text.size() && GoesOn(text[i + 1])) point = point << 6 | (text[++i] & 0x3F);
    absl::StrAppend(&out, absl::StrFormat("\\[u%04X]", point));
  }
  return out;
}

std::string Roff(absl::string_view text) {
  const std::string escaped = Numbered(absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}}));
  const bool is_request = absl::StartsWith(escaped, ".") || absl::StartsWith(escaped, "'");
  return is_request ? "\\&" + escaped : escaped;
}

std::string Bold(absl::string_view text) { return absl::StrCat("\\fB", Roff(text), "\\fR"); }
std::string Italic(absl::string_view text) { return absl::StrCat("\\fI", Roff(text), "\\fR"); }

// The name of what stands for the value, with its choices.
std::string TypeText(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  if (open != std::string::npos) {
    return Roff(absl::StrReplaceAll(type.substr(open), {{"{", ""}, {"}", ""}, {",", "|"}}));
  }
  return Italic(type.substr(0, type.find(':')));
}

std::string OptionText(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back(Bold("-" + name));
  for (const std::string& name : option.get_lnames()) names.push_back(Bold("--" + name));
  const bool valued = option.get_items_expected_max() > 0;
  std::string text = absl::StrCat(".TP\n", absl::StrJoin(names, ", "),
                                  valued ? absl::StrCat(" ", TypeText(option)) : "", "\n",
                                  Roff(option.get_description()), ".");
  if (option.get_required()) absl::StrAppend(&text, " Required.");
  if (!option.get_default_str().empty()) {
    absl::StrAppend(&text, " By default ", Roff(option.get_default_str()), ".");
  }
  if (!option.get_envname().empty()) {
    absl::StrAppend(&text, " Environment: ", Bold(option.get_envname()), ".");
  }
  return text + "\n";
}

std::string OptionsText(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (option == command.get_help_ptr() || option->get_positional()) continue;
    absl::StrAppend(&text, OptionText(*option));
  }
  return text;
}

std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::string SynopsisOf(const CLI::App& command) {
  std::string text = absl::StrCat(Bold(FullName(&command)), " [options]");
  for (const CLI::Option* argument : ArgumentsOf(command)) {
    absl::StrAppend(&text, " ", Italic(argument->get_name(true)));
    if (argument->get_items_expected_max() > 1) absl::StrAppend(&text, " ...");
  }
  return text;
}

std::string ArgumentsText(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* argument : ArgumentsOf(command)) {
    absl::StrAppend(&text, ".TP\n", Italic(argument->get_name(true)), "\n",
                    Roff(argument->get_description()), ".\n");
  }
  return text;
}

// The indented lines of the help's example.
std::string ExampleOf(const CLI::App& command) {
  std::string text;
  for (const absl::string_view line : absl::StrSplit(command.get_footer(), '\n')) {
    if (absl::StartsWith(line, "  rnnfarm ")) absl::StrAppend(&text, Roff(line.substr(2)), "\n");
  }
  return absl::StrCat(".RS 4\n.nf\n", text, ".fi\n.RE\n");
}

std::string CommandText(const CLI::App& command) {
  std::string text;
  const auto below = command.get_subcommands([](const CLI::App*) { return true; });
  if (below.empty()) {
    return absl::StrCat(".SS \"", Roff(FullName(&command)), "\"\n", SynopsisOf(command), "\n.PP\n",
                        Roff(command.get_description()), ".\n", ArgumentsText(command),
                        OptionsText(command), ".PP\n", ExampleOf(command));
  }
  for (const CLI::App* one : below) absl::StrAppend(&text, CommandText(*one));
  return text;
}

constexpr char kExitStatus[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\nAll is well.\n"
    ".TP\n1\nIt failed.\n"
    ".TP\n2\nWrong usage or an invalid file.\n"
    ".TP\n3\nThere is no such sweep, job, network or worker.\n"
    ".TP\n4\nThe coordinator cannot be reached or did not answer in time.\n"
    ".TP\n5\nThe sweep finished with failed jobs.\n"
    ".TP\n130\nInterrupted.\n";

std::string FilesText() {
  std::string text =
      ".SH FILES\n.TP\n\\fI$XDG_CONFIG_HOME/rnnfarm/config.textproto\\fR\n"
      "What the arguments and the environment do not say; by default in \\fI~/.config\\fR. "
      "Its fields, each as in the option of the same name:\n";
  std::vector<std::string> fields;
  const auto* message = v1::ClientConfig::descriptor();
  for (int f = 0; f < message->field_count(); ++f) {
    fields.push_back(Bold(message->field(f)->name()));
  }
  return absl::StrCat(text, absl::StrJoin(fields, ", "),
                      ". Paths are relative to the folder of the file.\n");
}

}  // namespace

std::string ManPage(const CLI::App& app) {
  std::string text = absl::StrCat(
      ".TH RNNFARM 1 \"\" \"rnnfarm ", Roff(base::GetBuildInfo().version), "\" \"User Commands\"\n",
      ".SH NAME\nrnnfarm \\- train, take apart and compare populations of recurrent networks\n",
      ".SH SYNOPSIS\n.B rnnfarm\n[options] command [options] [arguments]\n.SH DESCRIPTION\n",
      Roff(app.get_description()),
      "\n.PP\nData goes to standard output, narration to standard error. Colour and redrawing are "
      "for terminals only; \\fBNO_COLOR\\fR turns colour off.\n.SH OPTIONS\nEvery command takes "
      "these.\n",
      OptionsText(app), ".SH COMMANDS\n");
  absl::StrAppend(&text, CommandText(app), kExitStatus, FilesText());
  return absl::StrCat(text, ".SH EXAMPLES\n", ExampleOf(app));
}

}  // namespace rnnfarm::client
