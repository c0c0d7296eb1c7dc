/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * C names for the names in a .proto, the way protoc-gen-c makes them.
 */
#include "config.h"

#include "codegen.h"

/* Keywords of C and C++, and words that the compiler or its headers define as macros. */
static const char *const reserved[] = {
  "alignas",
  "alignof",
  "and",
  "and_eq",
  "asm",
  "assert",
  "auto",
  "bitand",
  "bitor",
  "bool",
  "break",
  "case",
  "catch",
  "char",
  "char16_t",
  "char32_t",
  "char8_t",
  "class",
  "co_await",
  "co_return",
  "co_yield",
  "compl",
  "complex",
  "concept",
  "const",
  "const_cast",
  "consteval",
  "constexpr",
  "constinit",
  "continue",
  "d_fileno",
  "decltype",
  "default",
  "delete",
  "do",
  "double",
  "dynamic_cast",
  "else",
  "enum",
  "errno",
  "explicit",
  "export",
  "extern",
  "false",
  "float",
  "for",
  "friend",
  "goto",
  "h_addr",
  "h_errno",
  "i386",
  "if",
  "inline",
  "int",
  "linux",
  "long",
  "mutable",
  "namespace",
  "new",
  "noexcept",
  "not",
  "not_eq",
  "nullptr",
  "operator",
  "or",
  "or_eq",
  "private",
  "protected",
  "public",
  "register",
  "reinterpret_cast",
  "requires",
  "restrict",
  "return",
  "s6_addr",
  "s6_addr16",
  "s6_addr32",
  "sa_handler",
  "sa_sigaction",
  "short",
  "sigev_notify_attributes",
  "sigev_notify_function",
  "signed",
  "sizeof",
  "st_atime",
  "st_ctime",
  "st_mtime",
  "static",
  "static_assert",
  "static_cast",
  "stderr",
  "stdin",
  "stdout",
  "struct",
  "switch",
  "template",
  "this",
  "thread_local",
  "throw",
  "true",
  "try",
  "typedef",
  "typeid",
  "typename",
  "typeof",
  "typeof_unqual",
  "union",
  "unix",
  "unsigned",
  "using",
  "virtual",
  "void",
  "volatile",
  "wchar_t",
  "while",
  "xor",
  "xor_eq",
};

char *
codegen_camel (const char *word)
{
  GString *out = g_string_new (NULL);
  gboolean upper = TRUE;

  for (; *word != '\0'; word++)
    {
      if (*word == '_')
        {
          upper = TRUE;
          continue;
        }
      g_string_append_c (out, upper ? g_ascii_toupper (*word) : *word);
      upper = FALSE;
    }
  return g_string_free (out, FALSE);
}

char *
codegen_snake (const char *word)
{
  GString *out = g_string_new (NULL);
  gboolean was_upper = TRUE;

  for (; *word != '\0'; word++)
    {
      gboolean is_upper = g_ascii_isupper (*word);

      if (is_upper && !was_upper)
        g_string_append_c (out, '_');
      g_string_append_c (out, g_ascii_tolower (*word));
      was_upper = is_upper;
    }
  return g_string_free (out, FALSE);
}

static char *
map_pieces (const char *full_name, char *(*map) (const char *word))
{
  g_auto (GStrv) pieces = g_strsplit (full_name + (*full_name == '.'), ".", -1);

  for (guint i = 0; pieces[i] != NULL; i++)
    {
      g_autofree char *piece = g_steal_pointer (&pieces[i]);

      pieces[i] = map (piece);
    }
  return g_strjoinv ("__", pieces);
}

char *
codegen_type_name (const char *full_name)
{
  return map_pieces (full_name, codegen_camel);
}

char *
codegen_lower_name (const char *full_name)
{
  return map_pieces (full_name, codegen_snake);
}

gboolean
codegen_is_reserved (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reserved); i++)
    if (g_str_equal (word, reserved[i]))
      return TRUE;
  /* Members of siginfo_t and of struct ifreq, which are macros. */
  return (g_str_has_prefix (word, "si_") || g_str_has_prefix (word, "ifr_"))
         && !g_str_has_suffix (word, "_");
}

char *
codegen_member (const char *word)
{
  g_autofree char *snake = codegen_snake (word);

  return g_strconcat (snake, codegen_is_reserved (snake) ? "_" : "", NULL);
}

char *
codegen_file_base (const char *path)
{
  if (g_str_has_suffix (path, ".proto"))
    return g_strndup (path, strlen (path) - strlen (".proto"));
  if (g_str_has_suffix (path, ".protodevel"))
    return g_strndup (path, strlen (path) - strlen (".protodevel"));
  return g_strdup (path);
}
