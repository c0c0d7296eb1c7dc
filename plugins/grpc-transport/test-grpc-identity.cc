/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whom a handler takes its caller for: what the certificate says that TLS has verified.
 */
#include <glib/gstdio.h>
#include <string.h>

#include <string>
#include <vector>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "../../tests/core/no-registry.h"

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);
extern "C" const MicroPluginInfo *micro_plugin_random_selector (void);

namespace
{
struct Name
{
  gnutls_x509_subject_alt_name_t type;
  std::string text;
};

/* --- Certificates, as files --- */

class Authority
{
public:
  Authority ()
  {
    folder = g_dir_make_tmp ("micro-XXXXXX", NULL);
    Make ("ca", "an authority", {}, true);
  }

  ~Authority ()
  {
    for (const std::string &file : files)
      g_unlink (file.c_str ());
    g_rmdir (folder);
    g_free (folder);
    gnutls_x509_crt_deinit (ca);
    gnutls_x509_privkey_deinit (ca_key);
  }

  std::string
  Path (const std::string &name, const char *suffix)
  {
    return std::string (folder) + "/" + name + suffix;
  }

  void
  Make (const std::string &name,
        const char *common_name,
        const std::vector<Name> &names,
        bool is_ca = false)
  {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
    const unsigned char serial[] = { (unsigned char) (files.size () + 1) };

    gnutls_x509_privkey_init (&key);
    gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                  GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init (&certificate);
    gnutls_x509_crt_set_version (certificate, 3);
    gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
    gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 3600);
    gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 24 * 3600);
    gnutls_x509_crt_set_key (certificate, key);
    gnutls_x509_crt_set_ca_status (certificate, is_ca);
    if (common_name != NULL)
      gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                     strlen (common_name));
    for (const Name &one : names)
      gnutls_x509_crt_set_subject_alt_name (certificate, one.type, one.text.data (),
                                            one.text.size (), GNUTLS_FSAN_APPEND);
    EXPECT_EQ (gnutls_x509_crt_sign2 (certificate, is_ca ? certificate : ca, is_ca ? key : ca_key,
                                      GNUTLS_DIG_SHA256, 0),
               0);
    Write (Path (name, ".pem"), [&] (gnutls_datum_t *out) {
      gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, out);
    });
    Write (Path (name, ".key"), [&] (gnutls_datum_t *out) {
      gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, out);
    });
    if (is_ca)
      {
        ca = certificate;
        ca_key = key;
        return;
      }
    gnutls_x509_crt_deinit (certificate);
    gnutls_x509_privkey_deinit (key);
  }

private:
  template <typename Export>
  void
  Write (const std::string &path, Export to)
  {
    gnutls_datum_t text;

    to (&text);
    ASSERT_TRUE (g_file_set_contents (path.c_str (), (char *) text.data, text.size, NULL));
    gnutls_free (text.data);
    files.push_back (path);
  }

  char *folder;
  gnutls_x509_crt_t ca;
  gnutls_x509_privkey_t ca_key;
  std::vector<std::string> files;
};

/* --- A server that says who calls --- */

void
who (MicroCall *call, GBytes *, gpointer)
{
  const char *identity = micro_call_get_peer_identity (call);
  GBytes *certificate = micro_call_get_peer_certificate (call);
  g_autofree char *text = g_strdup_printf ("%s, %s", identity != NULL ? identity : "nobody",
                                           certificate == NULL                    ? "no certificate"
                                           : g_bytes_get_size (certificate) > 100 ? "a certificate"
                                                                                  : "a bad one");
  g_autoptr (GBytes) answer = g_bytes_new (text, strlen (text));

  micro_call_reply_bytes (call, answer);
}

class IdentityTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
    g_ptr_array_add (loops, micro_loop_new ("test"));
    registry = (MicroRegistry *) g_object_new (no_registry_get_type (), NULL);
    selector = (MicroSelector *) g_object_new (micro_plugin_random_selector ()->get_type (), NULL);
    cache = micro_cache_new (registry, NULL, (MicroLoop *) loops->pdata[0]);
    router = micro_router_new ();
    micro_router_add_bytes (router, "/raw.Bytes/Who", MICRO_METHOD_UNARY, who, NULL, NULL);
    authority.Make ("server", "server", { { GNUTLS_SAN_DNSNAME, "localhost" } });
  }

  void
  TearDown () override
  {
    micro_cache_unref (cache);
    g_object_unref (selector);
    g_object_unref (registry);
    g_ptr_array_unref (loops);
    g_object_unref (router);
  }

  MicroTransport *
  Transport (const char *name, bool with_ca)
  {
    g_autoptr (GError) error = NULL;
    std::string pem = authority.Path (name, ".pem"), key = authority.Path (name, ".key");
    std::string ca = authority.Path ("ca", ".pem");
    gpointer transport = g_initable_new (micro_plugin_grpc_transport ()->get_type (), NULL, &error,
                                         "tls-cert", pem.c_str (), "tls-key", key.c_str (),
                                         with_ca ? "tls-ca" : NULL, ca.c_str (), NULL);

    EXPECT_NE (transport, nullptr) << error->message;
    return (MicroTransport *) transport;
  }

  std::string
  Ask (const char *name, bool verified = true)
  {
    g_autoptr (GError) error = NULL;
    MicroTransport *server = Transport ("server", verified);
    MicroTransport *calling = Transport (name, true);
    MicroClient *client = micro_client_new (cache, selector, calling, loops);
    g_autofree char *address
        = micro_transport_listen (server, "127.0.0.1:0", router, loops, &error);
    std::string at = std::string ("localhost") + strrchr (address, ':');
    g_autoptr (GBytes) request = g_bytes_new_static ("", 0);
    g_autoptr (GBytes) response = NULL;
    MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
    std::string answer;

    options.timeout_ms = 600000;
    options.address = at.c_str ();
    response = micro_client_call_bytes_sync (client, "raw", "/raw.Bytes/Who", MICRO_CODEC_BYTES,
                                             request, &options, &error);
    answer = response != NULL ? std::string ((const char *) g_bytes_get_data (response, NULL),
                                             g_bytes_get_size (response))
                              : error->message;
    micro_transport_close (calling);
    micro_transport_close (server);
    g_object_unref (client);
    g_object_unref (calling);
    g_object_unref (server);
    return answer;
  }

  Authority authority;
  GPtrArray *loops;
  MicroRouter *router;
  MicroRegistry *registry;
  MicroSelector *selector;
  MicroCache *cache;
};
}

TEST_F (IdentityTest, IsTheUriBeforeTheDnsNameBeforeTheCommonName)
{
  authority.Make ("spiffe", "common",
                  { { GNUTLS_SAN_DNSNAME, "greeter.example.org" },
                    { GNUTLS_SAN_URI, "spiffe://example.org/ns/default/sa/greeter" },
                    { GNUTLS_SAN_URI, "spiffe://example.org/second" } });
  authority.Make ("dns", "common", { { GNUTLS_SAN_DNSNAME, "greeter.example.org" } });
  authority.Make ("common", "John Doe", {});
  authority.Make ("none", NULL, {});
  EXPECT_EQ (Ask ("spiffe"), "spiffe://example.org/ns/default/sa/greeter, a certificate");
  EXPECT_EQ (Ask ("dns"), "greeter.example.org, a certificate");
  EXPECT_EQ (Ask ("common"), "John Doe, a certificate");
  EXPECT_EQ (Ask ("none"), "nobody, a certificate");
}

TEST_F (IdentityTest, IsNotWhatAnUnverifiedCertificateSays)
{
  authority.Make ("dns", "common", { { GNUTLS_SAN_DNSNAME, "greeter.example.org" } });
  EXPECT_EQ (Ask ("dns", false), "nobody, no certificate");
}

/* Read as a C string it would be another's. */
TEST_F (IdentityTest, IsNoNameWithANulInIt)
{
  using namespace std::string_literals;

  authority.Make ("nul", "John Doe",
                  { { GNUTLS_SAN_URI, "spiffe://example.org/admin\0.evil"s },
                    { GNUTLS_SAN_DNSNAME, std::string (3000, 'x') } });
  EXPECT_EQ (Ask ("nul"), "John Doe, a certificate");
}
