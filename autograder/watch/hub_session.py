"""Signing in to the pages of `autograder watch` as a JupyterHub service: the hub says who a visitor is.

Imported only where JupyterHub runs this process as its service; needs the extra `hub`.
"""

from jupyterhub.services.auth import HubOAuthCallbackHandler as HubOAuthCallbackHandler
from jupyterhub.services.auth import HubOAuthenticated

from autograder.watch.one_time_links import Visitor
from autograder.watch.watcher import Watcher


class HubSession(HubOAuthenticated):  # type: ignore[misc]
    """A visitor is who is signed in to the hub; instructors are those that `c.Watch.instructors` names."""

    watcher: Watcher

    @property
    def prefix(self) -> str:
        """Where the hub's proxy has the pages."""
        return str(self.hub_auth.base_url)

    @property
    def visitor(self) -> Visitor | None:
        """Who looks at the page; None: nobody is signed in."""
        user = self.get_current_user()
        if not user or user.get("kind", "user") != "user":
            return None
        return Visitor(user["name"], user["name"] in self.watcher.policy.instructors)

    def sign_in(self) -> None:
        """Send to the hub."""
        self.redirect(self.get_login_url())
