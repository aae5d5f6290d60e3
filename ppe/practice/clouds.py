"""Which tenants there are besides the practice tenant, in which cloud, and the discovery document that says so."""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_DNS, uuid5


@dataclass(frozen=True, slots=True)
class Cloud:
    """A Microsoft cloud and the region that its tenants name."""

    name: str
    login_host: str
    graph_host: str
    region: str
    sub_scope: str | None = None


WORLDWIDE = Cloud("microsoftonline.com", "login.microsoftonline.com", "graph.microsoft.com", "EU")
GCC = Cloud("microsoftonline.com", "login.microsoftonline.com", "graph.microsoft.com", "NA", "GCC")
GCC_HIGH = Cloud("microsoftonline.us", "login.microsoftonline.us", "graph.microsoft.us", "USGov", "DODCON")
DOD = Cloud("microsoftonline.us", "login.microsoftonline.us", "dod-graph.microsoft.us", "USGov", "DOD")
CHINA = Cloud("partner.microsoftonline.cn", "login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "AS")

ELSEWHERE = {"gcc.example": GCC, "gcchigh.example": GCC_HIGH, "dod.example": DOD, "china.example": CHINA}


@dataclass(frozen=True, slots=True)
class Home:
    """A tenant as the sign-in host knows it."""

    tenant_id: str
    cloud: Cloud

    @property
    def is_ours(self) -> bool:
        """Does it live in the worldwide cloud, GCC included?"""
        return self.cloud.name == WORLDWIDE.name


def elsewhere(domain_or_id: str) -> Home | None:
    """Return the tenant other than the practice tenant with this domain or id."""
    for domain, cloud in ELSEWHERE.items():
        tenant_id = str(uuid5(NAMESPACE_DNS, domain))
        if domain_or_id.casefold() in {domain, tenant_id}:
            return Home(tenant_id, cloud)
    return None


def discovery_document(home: Home, practice_login: str) -> dict[str, Any]:
    """Return the v2 document. Where the tenant is ours its addresses are the practice server's, else the cloud's."""
    login = practice_login if home.is_ours else f"https://{home.cloud.login_host}"
    here = f"{login}/{home.tenant_id}"
    document = {
        "token_endpoint": f"{here}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{here}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{here}/v2.0",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"https://{home.cloud.graph_host}/oidc/userinfo",
        "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{here}/oauth2/v2.0/logout",
        "claims_supported": CLAIMS,
        "tenant_region_scope": home.cloud.region,
        "cloud_instance_name": home.cloud.name,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": home.cloud.graph_host,
        "rbac_url": "https://pas.windows.net",
    }
    return document | ({"tenant_region_sub_scope": home.cloud.sub_scope} if home.cloud.sub_scope else {})


CLAIMS = [
    *("sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host"),
    *("aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash"),
    *("c_hash", "email"),
]
